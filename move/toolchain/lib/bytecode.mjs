// Just enough of the Move module format to name a module: its self handle, a module handle, an identifier.
const MODULE_HANDLES = 0x1;
const IDENTIFIERS = 0x7;
const MAGIC = 0xa11ceb0b;

/** @param {Buffer} bytes a compiled module @returns {string} its name */
export function moduleName(bytes) {
  if (bytes.readUInt32BE(0) !== MAGIC) throw new Error('not a Move module');
  let at = 8;
  function uleb() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  const tables = new Map();
  let end = 0;
  for (let left = uleb(); left > 0; left--) {
    const kind = bytes[at++];
    const offset = uleb();
    const length = uleb();
    tables.set(kind, { offset, length });
    end = Math.max(end, offset + length);
  }
  const start = at;
  at = start + end;
  const self = uleb();
  at = start + tables.get(MODULE_HANDLES).offset;
  let name = 0;
  for (let handle = 0; handle <= self; handle++) {
    uleb();
    name = uleb();
  }
  at = start + tables.get(IDENTIFIERS).offset;
  let text = '';
  for (let identifier = 0; identifier <= name; identifier++) {
    const length = uleb();
    text = bytes.toString('utf8', at, at + length);
    at += length;
  }
  return text;
}
