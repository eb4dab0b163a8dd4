// Results by the hash of everything they depend on, under ${XDG_CACHE_HOME:-~/.cache}/k3s-daas/move.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeWhole } from './files.mjs';

function folder() {
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(base, 'k3s-daas', 'move');
}

/** SHA-256 of a JSON value, in hex. */
export function keyOf(value) {
  return crypto.createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * The stored result for `inputs`, or what `make` returns, stored for the next time.
 * A cache that cannot be written costs time, never the result.
 * @param {string} kind a word that separates kinds of results
 * @param {unknown} inputs everything the result depends on
 * @param {() => Promise<object>} make
 */
export async function cached(kind, inputs, make) {
  const file = path.join(folder(), `${kind}-${keyOf(inputs)}.json`);
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    // Absent or damaged: made again below.
  }
  const result = await make();
  try {
    writeWhole(file, JSON.stringify(result));
  } catch (error) {
    process.stderr.write(`cache not written (${error.code ?? error.message}); going on without it\n`);
  }
  return result;
}
