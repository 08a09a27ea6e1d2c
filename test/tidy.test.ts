/**
 * What no other tool checks: the habits of this project, as tests.
 *
 * Reads files only, without git, so that it also runs on an unpacked archive.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../src/core/errors.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', 'reports', 'tmp', '.git']);
const LINE_MAX_CHARS = 100;
/** Folders of test/ that look at the whole instead of mirroring one folder of src/. */
const WHOLE = [
  'conformance',
  'contract',
  'sim',
  'e2e',
  'deploy',
  'scripts',
  'demo',
  'bench',
  'examples',
  'handbook',
  'interop',
];

const all = filesBelow(root);
const generated = (file: string): boolean => file.startsWith('src/wire/gen/');
// This file names what it forbids.
const self = 'test/tidy.test.ts';
const sources = all.filter(
  (file) => /\.(ts|mjs|cjs|js)$/.test(file) && !generated(file) && file !== self,
);
const programs = sources.filter((file) => /^(src|demo|bench|sim|examples|scripts)\//.test(file));
const tests = sources.filter((file) => /^test\/.*\.test\.ts$/.test(file));

describe('tidy: sources', () => {
  it('start with a header comment that says what the file answers for', () => {
    expect(programs.filter((file) => !/^(#!.*\n)?\/\*\*\n/.test(read(file)))).toEqual([]);
  });

  it('have names in kebab case', () => {
    const wrong = sources.filter((file) => !/^\.?[a-z0-9.-]+$/.test(file.split('/').at(-1) ?? ''));
    expect(wrong).toEqual([]);
  });

  it(`have lines of at most ${LINE_MAX_CHARS} characters`, () => {
    const exempt = /https?:\/\/\S+$|^import .* from /;
    expect(
      linesWhere(sources, (line) => line.length > LINE_MAX_CHARS && !exempt.test(line)),
    ).toEqual([]);
  });

  it('carry no note of unfinished work', () => {
    const mark = /\b(TODO|FIXME|XXX)\b/;
    expect(linesWhere(sources, (line) => mark.test(line))).toEqual([]);
  });

  it('switch off a lint rule only with a reason', () => {
    const bare = /eslint-disable(-next-line|-line)?\b(?!.* -- \S)/;
    expect(linesWhere(sources, (line) => bare.test(line))).toEqual([]);
  });

  it('name no home folder of a machine', () => {
    const text = all.filter((file) => /\.(ts|mjs|cjs|js|json|ya?ml|md|proto|service)$/.test(file));
    expect(linesWhere(text, (line) => /\/(home|Users)\/[a-z]/.test(line))).toEqual([]);
  });
});

describe('tidy: tests', () => {
  it('mirror a file or folder of src', () => {
    const lost = tests.filter((file) => {
      const [, area = ''] = file.split('/');
      if (WHOLE.includes(area)) return false;
      const stem = file.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '');
      return !existsSync(join(root, `${stem}.ts`)) && !existsSync(join(root, dirname(stem)));
    });
    expect(lost).toEqual([]);
  });

  it('are neither focused nor skipped', () => {
    const mark = /\b(it|test|describe)\.(only|skip|todo)\b/;
    expect(linesWhere(tests, (line) => mark.test(line))).toEqual([]);
  });

  it('replace no module, because src/testing has public doubles', () => {
    const mock = new RegExp(`\\bvi\\.(${['mock', 'doMock', 'hoisted'].join('|')})\\(`);
    expect(linesWhere(tests, (line) => mock.test(line))).toEqual([]);
  });
});

describe('tidy: package', () => {
  it('has no download addresses in the lock file', () => {
    expect(linesWhere(['package-lock.json'], (line) => line.includes('"resolved"'))).toEqual([]);
  });

  it('has an entry for every platform in the lock file (scripts/complete-lock.mjs adds them)', () => {
    const packages = record(record(JSON.parse(read('package-lock.json')))['packages']);
    const missing = Object.values(packages)
      .flatMap((entry) => Object.keys(record(record(entry)['optionalDependencies'])))
      .filter((name) => packages[`node_modules/${name}`] === undefined);
    expect(missing).toEqual([]);
  });

  it('explains every dependency in docs/dependencies.md, and no other', () => {
    const manifest = record(JSON.parse(read('package.json')));
    const named = Object.keys({
      ...record(manifest['dependencies']),
      ...record(manifest['devDependencies']),
    });
    const explained = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map(
      ([, name]) => name,
    );
    expect(explained.toSorted()).toEqual(named.toSorted());
  });
});

describe('tidy: documents', () => {
  const documents = all.filter((file) => file.endsWith('.md'));

  it('have no broken relative links', () => {
    const broken = documents.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(root, dirname(file), target)))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('say for every error code what to do', () => {
    const text = read('docs/errors.md');
    const missing = Object.keys(ERROR_CODES).filter((code) => !text.includes(`\`${code}\``));
    expect(missing).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [relative(root, path).split(sep).join('/')] : [];
  });
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function linesWhere(files: readonly string[], wrong: (line: string) => boolean): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (wrong(line) ? [`${file}:${index + 1}`] : [])),
  );
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
