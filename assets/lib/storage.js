/* What is remembered on this machine: for good (local), or as long as the window stays (session).
 *
 * Storage may be switched off, full, or hold what something else wrote there: reading then gives null, and writing
 * says false. */
((metrics) => {
  /** @param {() => Storage} storage - asked for at each use, because asking alone may throw */
  function shelf(storage) {
    /** @param {string} key */
    function read(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    }

    /**
     * Keeps a text, or forgets it (null). Says whether that worked.
     * @param {string} key
     * @param {string | null} text
     */
    function write(key, text) {
      try {
        if (text === null) storage().removeItem(key);
        else storage().setItem(key, text);
        return true;
      } catch {
        return false;
      }
    }

    return { read, write };
  }

  /**
   * The entries of a JSON list that are what they should be.
   * @template Entry
   * @param {string | null} text
   * @param {(entry: any) => entry is Entry} valid
   * @returns {Entry[]}
   */
  function listed(text, valid) {
    try {
      const found = JSON.parse(text || "[]");
      return Array.isArray(found) ? found.filter(valid) : [];
    } catch {
      return [];
    }
  }

  const storage = {
    local: shelf(() => globalThis.localStorage),
    session: shelf(() => globalThis.sessionStorage),
    shelf,
    listed,
  };
  metrics.storage = storage;
  if (typeof module === "object") module.exports = storage;
})(globalThis.metrics);
