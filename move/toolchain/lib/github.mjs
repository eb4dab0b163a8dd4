// The framework's sources from GitHub, over `codeload` tar archives (one request a repository and revision)
// and raw files. The hosts can be replaced (K3S_DAAS_GITHUB_CODELOAD, K3S_DAAS_GITHUB_RAW) for mirrors and tests.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ToolchainError } from './errors.mjs';
import { readTree } from './files.mjs';

const MAX_ARCHIVE_BYTES = 512 * 1024 * 1024;
const DEADLINE_MS = 300_000;

function repository(url) {
  const match = /github\.com[/:]([^/]+)\/([^/]+?)(?:\.git)?\/?$/.exec(url);
  if (!match) throw new ToolchainError(`${url} is not a GitHub repository`, 'only dependencies on GitHub can be fetched');
  return `${match[1]}/${match[2]}`;
}

async function download(url) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (error) {
    throw new ToolchainError(
      `${url} cannot be reached (${error.cause?.code ?? error.message})`,
      'install cargo, so that the pinned crate brings the framework sources, or set K3S_DAAS_FRAMEWORK_SOURCES',
    );
  }
  if (response.status === 404) return null;
  if (!response.ok) throw new ToolchainError(`${url} answered ${response.status}`, 'try again later');
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > MAX_ARCHIVE_BYTES) throw new ToolchainError(`${url} is ${length} bytes long`, 'check the revision');
  return Buffer.from(await response.arrayBuffer());
}

/** A fetcher for the compiler that reads git dependencies from GitHub; each archive is unpacked once a process. */
export function githubFetcher(Base) {
  const codeload = process.env.K3S_DAAS_GITHUB_CODELOAD || 'https://codeload.github.com';
  const raw = process.env.K3S_DAAS_GITHUB_RAW || 'https://raw.githubusercontent.com';
  const unpacked = new Map();

  async function checkout(url, rev) {
    const key = `${repository(url)}@${rev}`;
    if (!unpacked.has(key)) unpacked.set(key, unpack(`${codeload}/${repository(url)}/tar.gz/${encodeURIComponent(rev)}`));
    return unpacked.get(key);
  }

  async function unpack(url) {
    const archive = await download(url);
    if (!archive) throw new ToolchainError(`${url} does not exist`, 'check the revision');
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'k3s-daas-framework-'));
    process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
    execFileSync('tar', ['-xzf', '-', '--strip-components=1', '--no-same-owner', '-C', dir], { input: archive, stdio: ['pipe', 'ignore', 'inherit'] });
    return dir;
  }

  return new (class extends Base {
    async fetch(url, rev, subdir) {
      const dir = path.join(await checkout(url, rev), subdir ?? '');
      if (!fs.existsSync(dir)) throw new ToolchainError(`${url} has no folder ${subdir} at ${rev}`, 'check the revision');
      return readTree(dir);
    }

    async fetchFile(url, rev, file) {
      const bytes = await download(`${raw}/${repository(url)}/${rev}/${file}`);
      return bytes ? bytes.toString('utf8') : null;
    }

    getResolvedSha(_url, rev) {
      return /^[0-9a-f]{40}$/.test(rev) ? rev : '0'.repeat(40);
    }
  })();
}
