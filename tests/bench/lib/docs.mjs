// What a suite found, in the page of docs/ that has a place for it: between `<!-- bench:NAME -->` and `<!-- /bench -->`.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tree.mjs';

export function writeSection(name, text) {
  const section = new RegExp(`(<!-- bench:${name} -->\\n)[^]*?(<!-- /bench -->)`);
  const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
  const page = pages.map((file) => join(root, 'docs', file)).find((path) => section.test(readFileSync(path, 'utf8')));
  if (page === undefined) throw new Error(`no page of docs/ has <!-- bench:${name} --> and <!-- /bench -->`);
  writeFileSync(page, readFileSync(page, 'utf8').replace(section, (_, open, close) => `${open}${text.trim()}\n${close}`));
}

// To docs/plots when `committed`, else to build/bench; the path, from the root.
export function writePlot(name, svg, committed) {
  const folder = committed ? 'docs/plots' : 'build/bench';
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, `${name}.svg`), svg);
  return `${folder}/${name}.svg`;
}
