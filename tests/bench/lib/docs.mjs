// What a suite found, in docs/PERFORMANCE.md: between `<!-- bench:NAME -->` and `<!-- /bench -->`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tree.mjs';

const page = join(root, 'docs/PERFORMANCE.md');

export function writeSection(name, text) {
  const before = readFileSync(page, 'utf8');
  const section = new RegExp(`(<!-- bench:${name} -->\\n)[^]*?(<!-- /bench -->)`);
  if (!section.test(before)) throw new Error(`docs/PERFORMANCE.md has no <!-- bench:${name} --> and <!-- /bench -->`);
  writeFileSync(page, before.replace(section, (_, open, close) => `${open}${text.trim()}\n${close}`));
}

// To docs/plots when `committed`, else to build/bench; the path, from the root.
export function writePlot(name, svg, committed) {
  const folder = committed ? 'docs/plots' : 'build/bench';
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, `${name}.svg`), svg);
  return `${folder}/${name}.svg`;
}
