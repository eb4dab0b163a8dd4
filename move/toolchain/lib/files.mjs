// Reading a Move package from disk, and writing results whole or not at all.
import fs from 'node:fs';
import path from 'node:path';
import { ToolchainError } from './errors.mjs';

const PACKAGE_FILE = /(\.move|^Move\.(toml|lock)|[/\\]Move\.(toml|lock))$/;

/**
 * All Move sources and manifests under a folder, by path relative to it, in sorted order.
 * @param {string} root
 * @param {(relative: string) => boolean} [keep] which files to take
 * @returns {Record<string, string>}
 */
export function readTree(root, keep = () => true) {
  const found = {};
  for (const entry of fs.readdirSync(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath ?? entry.path, entry.name);
    const relative = path.relative(root, full).split(path.sep).join('/');
    if (!PACKAGE_FILE.test(relative) || relative.startsWith('build/') || !keep(relative)) continue;
    found[relative] = fs.readFileSync(full, 'utf8');
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The files of the package in `dir`; Move.lock is left out, the compiler makes its own.
 * @param {string} dir
 * @returns {Record<string, string>}
 */
export function readPackage(dir) {
  if (!fs.existsSync(path.join(dir, 'Move.toml'))) {
    throw new ToolchainError(`${dir} holds no Move.toml`, 'give the folder of a Move package with --package DIR');
  }
  return readTree(dir, (relative) => !relative.endsWith('Move.lock'));
}

/** Writes a file through a temporary name beside it, so that nobody reads half of it. */
export function writeWhole(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, file);
}
