/* Moments, zones and durations as people read them. */
((metrics) => {
  const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  /**
   * @param {Intl.DateTimeFormat} format
   * @param {number} moment
   * @returns {Record<string, string>}
   */
  const partsOf = (format, moment) =>
    Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));

  /** @type {Map<string | undefined, Intl.DateTimeFormat>} */
  const wholes = new Map();

  /**
   * @param {number} moment
   * @param {string} [zone]
   */
  function parts(moment, zone) {
    const format = wholes.get(zone) ?? wholeFormat(zone);
    wholes.set(zone, format);
    return partsOf(format, moment);
  }

  /** @param {string} [zone] */
  function wholeFormat(zone) {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  }

  /**
   * "14:32:05"; with its day where that is not today.
   * @param {number} moment
   * @param {string} [zone] - the viewer's by default
   * @param {number} [now]
   */
  function clock(moment, zone, now = Date.now()) {
    const then = parts(moment, zone);
    const today = parts(now, zone);
    const time = `${then.hour}:${then.minute}:${then.second}`;
    const sameDay = then.day === today.day && then.month === today.month && then.year === today.year;
    return sameDay ? time : `${then.weekday} ${then.year}-${then.month}-${then.day} ${time}`;
  }

  /**
   * How far a zone's clocks are ahead of UTC at a moment, in ms.
   * @param {number} moment
   * @param {string} zone
   */
  function offset(moment, zone) {
    const at = parts(moment, zone);
    return Date.parse(`${at.year}-${at.month}-${at.day}T${at.hour}:${at.minute}:${at.second}Z`) - moment;
  }

  /**
   * Wall-clock time of a zone ("2026-01-31T12:00") to epoch ms: the offset is looked up, then once more where it led.
   * @param {string} wall
   * @param {string} zone
   */
  function fromWall(wall, zone) {
    const asUtc = Date.parse(wall + (wall.length === 16 ? ":00Z" : "Z"));
    const guess = asUtc - offset(asUtc, zone);
    return asUtc - offset(guess, zone);
  }

  /**
   * "2026-01-31T12:00" for a datetime-local input.
   * @param {number} moment
   * @param {string} zone
   */
  function toWall(moment, zone) {
    const at = parts(moment, zone);
    return `${at.year}-${at.month}-${at.day}T${at.hour}:${at.minute}`;
  }

  /** @type {Map<string, Intl.DateTimeFormat>} */
  const formats = new Map();

  /** @param {string} step - such as "5m", "1d", "1M" */
  const isOfDays = (step) => /[dwM]$/.test(step);

  /** @type {Record<string, string>} */
  const UNITS = { m: "minute", h: "hour", d: "day", w: "week", M: "month" };

  /**
   * A step in words, to stand before a noun: "5-minute", "1-day".
   * @param {string} step
   */
  const stepWords = (step) => step.replace(/([a-zA-Z])$/, (unit) => `-${UNITS[unit]}`);

  /**
   * The start of a bucket: "Sat 21 Nov, 14:32", of one of days "Sat 21 Nov 2026". Asked for at every move of the pointer.
   * @param {number} moment
   * @param {string} zone
   * @param {string} step
   */
  function bucket(moment, zone, step) {
    const days = isOfDays(step);
    const key = `${zone} ${days}`;
    const known = formats.get(key) || bucketFormat(zone, days);
    formats.set(key, known);
    const at = partsOf(known, moment);
    return `${at.weekday} ${at.day} ${at.month}${days ? ` ${at.year}` : `, ${at.hour}:${at.minute}`}`;
  }

  /**
   * @param {string} zone
   * @param {boolean} days
   */
  function bucketFormat(zone, days) {
    /** @type {Intl.DateTimeFormatOptions} */
    const time = days ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      ...time,
    });
  }

  /**
   * 12 s, 4 min, 3 h, 2 d
   * @param {number} seconds
   */
  function duration(seconds) {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86400)} d`;
  }

  /** @param {number} moment */
  const iso = (moment) => new Date(moment).toISOString().replace(".000Z", "Z");

  /** @returns {Instant} */
  const instant = () => ({ at: Date.now(), since: performance.now() });

  /**
   * Of two clocks the one that shows more: one stands while a laptop sleeps, the other may be set back.
   * @param {Instant} start
   * @param {Instant} [now]
   */
  function secondsSince(start, now = instant()) {
    const passed = now.since - start.since;
    return Math.max(passed, start.at === null || now.at === null ? 0 : now.at - start.at) / 1000;
  }

  const time = {
    viewerZone,
    clock,
    offset,
    fromWall,
    toWall,
    bucket,
    isOfDays,
    stepWords,
    duration,
    iso,
    instant,
    secondsSince,
  };
  metrics.time = time;
  if (typeof module === "object") module.exports = time;
})(globalThis.metrics);
