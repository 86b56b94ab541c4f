/* Moments, zones and durations as people read them. */
(function (metrics) {
  function parts(moment, zone) {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", weekday: "short",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    return Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, part.value]));
  }

  /* "14:32:05"; with its day where that is not today. */
  function clock(moment, zone) {
    const then = parts(moment, zone);
    const today = parts(Date.now(), zone);
    const time = `${then.hour}:${then.minute}:${then.second}`;
    const sameDay = then.day === today.day && then.month === today.month && then.year === today.year;
    return sameDay ? time : `${then.weekday} ${then.year}-${then.month}-${then.day} ${time}`;
  }

  /* Wall-clock time of a zone ("2026-01-31T12:00") to epoch ms: the offset is looked up, then once more where it led. */
  function fromWall(wall, zone) {
    const asUtc = Date.parse(wall + (wall.length === 16 ? ":00Z" : "Z"));
    const offset = (at) => {
      const local = parts(at, zone);
      return Date.parse(`${local.year}-${local.month}-${local.day}T${local.hour}:${local.minute}:${local.second}Z`) - at;
    };
    const guess = asUtc - offset(asUtc);
    return asUtc - offset(guess);
  }

  /* "2026-01-31T12:00" for a datetime-local input. */
  function toWall(moment, zone) {
    const at = parts(moment, zone);
    return `${at.year}-${at.month}-${at.day}T${at.hour}:${at.minute}`;
  }

  /* The start of a bucket: "Sat 21 Nov, 14:32", of a day "Sat 21 Nov 2026". Asked for at every move of the pointer. */
  const formats = new Map();
  function bucket(moment, zone, resolution) {
    const key = `${zone} ${resolution === "day"}`;
    if (!formats.has(key)) {
      const time = resolution === "day" ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", day: "numeric", month: "short", ...time }));
    }
    const at = Object.fromEntries(formats.get(key).formatToParts(moment).map((part) => [part.type, part.value]));
    return `${at.weekday} ${at.day} ${at.month}` + (resolution === "day" ? ` ${at.year}` : `, ${at.hour}:${at.minute}`);
  }

  /* 12 s, 4 min, 3 h, 2 d */
  function duration(seconds) {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86400)} d`;
  }

  const iso = (moment) => new Date(moment).toISOString().replace(".000Z", "Z");

  metrics.time = { clock, fromWall, toWall, bucket, duration, iso };
})(window.metrics);
