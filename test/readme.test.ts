import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, isEnumType } from 'graphql';
import { describe, expect, test } from 'vitest';
import { TaskErrorCode } from '../src/contract/task-error.ts';
import { DiagnosisCode } from '../src/contract/task-run.ts';
import { ConfigError, loadConfig } from '../src/process/config.ts';
import type { Config } from '../src/process/config.ts';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const textOf = (path: string): Promise<string> => readFile(at(path), 'utf8');
const pages = ['README.md', ...(await readdir(at('docs'))).map((name) => `docs/${name}`)];

// Keeps a temporal.toml of whoever runs the tests out of them.
const NOBODY = { XDG_CONFIG_HOME: '/nonexistent', HOME: '/nonexistent' };
/** The settings, or why they cannot be used. */
function load(env: Readonly<Record<string, string>>): Omit<Config, 'warnings'> | string {
  try {
    const { warnings: _, ...config } = loadConfig({ ...NOBODY, ...env });
    return config;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

interface Row {
  readonly variable: string;
  /** As it is written, if it is a value. */
  readonly standard: string | undefined;
}

/** Rows of a page's tables that tell of settings. */
async function settingsOf(page: string): Promise<readonly Row[]> {
  return (await textOf(page))
    .split('\n')
    .filter((line) => /^\| `(?:HOST|PORT|TEMPORAL_|WAYMARK_)/.test(line))
    .flatMap((line) => {
      const [, names = '', standard = ''] = line.split('|');
      return [...names.matchAll(/`([A-Z_]+)`/g)].map(([, variable = '']) => ({
        variable,
        standard: /^`([^`]+)`$/.exec(standard.trim())?.[1],
      }));
    });
}

test.each(['README.md', 'docs/tasks.md'])(
  '%s needs no package of Temporal of those who write tasks',
  async (page) => {
    expect(await textOf(page)).not.toMatch(/from '@temporalio\//);
  },
);

describe.each(['README.md', 'docs/operations.md'])('the settings of %s', async (page) => {
  const settings = await settingsOf(page);

  test('are there', () => {
    expect(settings.length).toBeGreaterThan(5);
  });

  test.each(settings)('$variable is one', ({ variable }) => {
    const values = ['1', 'some:1', '/no/such/path', 'https://some.example', 'debug'];
    const outcomes = values.map((value) => load({ [variable]: value }));
    expect(outcomes).toContainEqual(expect.not.objectContaining(load({})));
  });

  test.each(settings.filter(({ standard }) => standard !== undefined))(
    '$variable is $standard unless it is set',
    ({ variable, standard = '' }) => {
      expect(load({ [variable]: standard })).toEqual(load({}));
    },
  );
});

test('every setting is told to operators', async () => {
  const source = await textOf('src/process/config.ts');
  const known = [...source.matchAll(/^ {2}((?:HOST|PORT|TEMPORAL_|WAYMARK_)[A-Z_]*):/gm)];
  const told = new Set((await settingsOf('docs/operations.md')).map(({ variable }) => variable));
  expect(known.length).toBeGreaterThan(10);
  expect(known.flatMap(([, name = '']) => (told.has(name) ? [] : name))).toEqual([]);
});

describe.each(pages)('%s', (page) => {
  test('names scripts that there are', async () => {
    const { scripts } = JSON.parse(await textOf('package.json')) as { scripts: object };
    const named = [...(await textOf(page)).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name = '') => !(name in scripts))).toEqual([]);
  });

  test('names files that there are', async () => {
    const text = await textOf(page);
    // A file that the page itself asks to write is not there yet.
    const toWrite = new Set(
      [...text.matchAll(/`(src\/[^`]+)`:\n\n```ts\nimport/g)].map(([, path]) => path),
    );
    const named = [...text.matchAll(/`((?:src|test|docs|deploy|examples)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) =>
      resolve(dirname(at(page)), path),
    );
    expect(
      [...named.filter((path) => !toWrite.has(path)).map(at), ...linked].filter(
        (path) => !existsSync(path),
      ),
    ).toEqual([]);
  });
});

test('every page is told where the pages begin', async () => {
  const index = await textOf('docs/README.md');
  const others = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(others.filter((page) => !index.includes(`](${page.slice('docs/'.length)}`))).toEqual([]);
});

test('every diagnosis is told to operators', async () => {
  const [, table = ''] =
    /\n\| code[^\n]*\| do [^\n]*\n((?:\|[^\n]*\n)+)/.exec(await textOf('docs/operations.md')) ?? [];
  const told = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(new Set(told)).toEqual(new Set(Object.values(DiagnosisCode)));
});

test('every error code is a problem of a mutation, or told to clients', async () => {
  const problems = buildSchema(await textOf('schema.graphql')).getType('ProblemCode');
  const known = isEnumType(problems) ? problems.getValues().map(({ name }) => name) : [];
  const page = await textOf('docs/graphql.md');
  const told = page.split('\n').filter((line) => /^\| `[A-Z_]+`/.test(line));
  const missing = Object.values(TaskErrorCode).filter(
    (code) => !known.includes(code) && !told.some((line) => line.includes(`\`${code}\``)),
  );
  expect(missing).toEqual([]);
});

test('each promise is held by tests that there are', async () => {
  const [, promised = ''] =
    /## Promised\n([^]*?)\n## /.exec(await textOf('docs/guarantees.md')) ?? [];
  const promises = promised.split(/^- (?=\*\*)/m).slice(1);
  expect(promises.length).toBeGreaterThan(10);
  expect(
    promises.filter((one) => !/\n {2}Held by `(?:packages\/client\/)?test\/[^]+`\.\s*$/.test(one)),
  ).toEqual([]);
});

test('each threat is held by tests that there are', async () => {
  const [, threats = ''] =
    /\n\| threat[^\n]*\| held by[^\n]*\n\|[^\n]*\n((?:\|[^\n]*\n)+)/.exec(
      await textOf('docs/security.md'),
    ) ?? [];
  const rows = threats.trim().split('\n');
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter((row) => !/\| `test\/[^|]+`\s*\|$/.test(row))).toEqual([]);
});
