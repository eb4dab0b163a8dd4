// Where the sources of the Sui framework (0x1, 0x2) come from, and the compiler's port to them.
//
// 1. K3S_DAAS_FRAMEWORK_SOURCES, a folder with `move-stdlib/` and `sui-framework/`;
// 2. the crate that framework-crate/Cargo.lock pins, brought by `cargo fetch`;
// 3. GitHub, at the revision that the compiler names, where there is a network.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ToolchainError } from './errors.mjs';
import { readTree } from './files.mjs';

const CRATE_DIR = fileURLToPath(new URL('../framework-crate/', import.meta.url));
const PACKAGES = ['move-stdlib', 'sui-framework'];

/** Name and version of the crate that carries the sources, as the committed lock file pins it. */
export function pinnedCrate() {
  const lock = fs.readFileSync(path.join(CRATE_DIR, 'Cargo.lock'), 'utf8');
  const match = /name = "moverox-sui"\nversion = "([^"]+)"/.exec(lock);
  if (!match) throw new ToolchainError('framework-crate/Cargo.lock does not pin moverox-sui', 'restore the file from git');
  return `moverox-sui-${match[1]}`;
}

function registryFolders() {
  const cargoHome = process.env.CARGO_HOME || path.join(os.homedir(), '.cargo');
  const sources = path.join(cargoHome, 'registry', 'src');
  if (!fs.existsSync(sources)) return [];
  return fs.readdirSync(sources).map((name) => path.join(sources, name, pinnedCrate(), 'move'));
}

function isComplete(dir) {
  return PACKAGES.every((name) => fs.existsSync(path.join(dir, name, 'Move.toml')));
}

/**
 * The folder with the framework's packages on this machine, or why there is none.
 * @returns {{dir: string} | {reason: string}}
 */
export function localFramework() {
  const given = process.env.K3S_DAAS_FRAMEWORK_SOURCES;
  if (given) {
    if (isComplete(given)) return { dir: given };
    throw new ToolchainError(
      `K3S_DAAS_FRAMEWORK_SOURCES=${given} lacks ${PACKAGES.join(' or ')}`,
      'point it at the folder crates/sui-framework/packages of a Sui checkout, or unset it',
    );
  }
  const present = registryFolders().find(isComplete);
  if (present) return { dir: present };
  try {
    execFileSync('cargo', ['fetch', '--locked', '--quiet'], { cwd: CRATE_DIR, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const reason = error.code === 'ENOENT' ? 'cargo is not on PATH (https://rustup.rs)' : String(error.stderr || error.message).trim();
    return { reason: `cargo fetch of ${pinnedCrate()}: ${reason}` };
  }
  const fetched = registryFolders().find(isComplete);
  return fetched ? { dir: fetched } : { reason: `${pinnedCrate()} holds no framework sources` };
}

/**
 * A fetcher for the compiler: framework packages from the folder, by the last part of the asked path.
 * Other git dependencies are refused; this project has none.
 */
export function folderFetcher(Base, dir) {
  return new (class extends Base {
    async fetch(url, rev, subdir) {
      const name = path.posix.basename(subdir ?? '');
      if (!PACKAGES.includes(name)) throw new Error(`no sources for ${url} ${subdir ?? ''} at ${rev}`);
      return readTree(path.join(dir, name));
    }

    async fetchFile(_url, _rev, file) {
      const full = path.join(dir, file.replace(/^.*packages\//, ''));
      return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : null;
    }

    // The crate carries sources without their commit; the compiler only writes this into Move.lock.
    getResolvedSha() {
      return '0'.repeat(40);
    }
  })();
}
