// Where things are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const program = (name) => join(root, 'build/release/bin', name);
export const peer = (name) => join(root, 'tests/bench/peers/node_modules/.bin', name);

// A folder that is gone when this program ends.
export function scratchFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `rampart-bench-${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
