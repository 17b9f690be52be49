import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { importsOf } from './support/imports-of.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Source {
  /** Relative to `src`. */
  readonly path: string;
  readonly text: string;
  /** Files relative to `src`, or packages. */
  readonly imports: readonly string[];
}
const sources = await readSources();
const importing = new Map(sources.map(({ path, imports }) => [path, imports]));

/** What may be loaded at run time, as prefixes: folders and files of `src`, or packages. */
const REALMS: Readonly<Record<string, readonly string[]>> = {
  tools: ['tools/'],
  contract: ['contract/', 'tools/', 'zod'],
  // The parser of durations is pure, and in every bundle anyway.
  workflows: [
    'workflows/',
    'contract/',
    'tools/',
    'zod',
    '@temporalio/workflow',
    '@temporalio/common/lib/time.js',
  ],
  activities: [
    'activities/',
    'contract/',
    'tools/',
    'node:',
    '@temporalio/activity',
    '@temporalio/common',
  ],
  service: [
    'service/',
    'contract/',
    'tools/',
    'zod',
    'node:',
    '@temporalio/client',
    '@temporalio/common',
    '@temporalio/proto',
    '@temporalio/envconfig',
  ],
};
/** Programs and what is made for one machine: they put the realms together. */
const PROGRAMS = /^(?:[^/]+\.ts|worker\/.*|process\/.*|api\/server\.ts|local\/.*|exports\/.*)$/;

describe.each(Object.entries(REALMS))('%s', (realm, allowed) => {
  test(`loads only ${allowed.join(', ')}`, () => {
    const others = sources
      .filter(({ path }) => path.startsWith(`${realm}/`))
      .flatMap(({ path, imports }) => imports.map((name) => ({ path, name })))
      .filter(({ name }) => !allowed.some((prefix) => within(name, prefix)));
    expect(others).toEqual([]);
  });
});

test('the gateway asks Tasks, and nothing below it', () => {
  const others = inFolder('api/')
    .filter(({ path }) => !PROGRAMS.test(path))
    .flatMap(({ path, imports }) => imports.map((name) => ({ path, name })))
    .filter(
      ({ name }) =>
        name.startsWith('@temporalio/') ||
        /^(?:workflows|activities|service|local|testing|exports)\//.test(name),
    );
  expect(others).toEqual([]);
});

test('programs are loaded by no library file', () => {
  const programs = new Set(['worker.ts', 'api/server.ts', 'local/start.ts']);
  const loaded = sources
    .flatMap(({ path, imports }) => imports.map((name) => ({ path, name })))
    .filter(({ name }) => programs.has(name));
  expect(loaded).toEqual([]);
});

test('the fake of the test kit stands on the contract alone', () => {
  const outside = [...reachable('testing/fake-tasks.ts')].filter(
    (name) => !/^(?:testing\/|contract\/|tools\/|node:|zod$)/.test(name),
  );
  expect(outside).toEqual([]);
});

test('the compatibility namespace is loaded by the wiring of the gateway only', () => {
  const loading = sources
    .filter(({ path }) => !path.startsWith('api/webiny/'))
    .filter(({ imports }) => imports.some((name) => name.startsWith('api/webiny/')))
    .map(({ path }) => path);
  expect(loading.every((path) => /^api\/[^/]+\.ts$/.test(path))).toBe(true);
  expect(loading).toHaveLength(1);
});

test('the words of the compatibility namespace stay in it', () => {
  const saying = sources
    .filter(({ path }) => !path.startsWith('api/webiny/'))
    .flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, line })))
    .filter(({ line }) => /webiny/i.test(line) && !/ from '.*\/webiny\/[^']*';$/.test(line));
  expect(saying).toEqual([]);
});

test('visibility text is written in one place', () => {
  const condition =
    /\b(?:ExecutionStatus|ExecutionTime|StartTime|CloseTime|Workflow(?:Id|Type)|Task(?:Name|Words|Tags|Parent|RerunOf|Actor|Iteration|Abort)) (?:=|!=|<|>|IN|NOT|IS|BETWEEN|STARTS_WITH)/;
  const writing = sources
    .filter(({ path, text }) =>
      textsOf(parseSync(path, text).program).some((one) => condition.test(one)),
    )
    .map(({ path }) => path);
  const allowed = new Set(['service/list/to-visibility-query.ts']);
  expect(writing.filter((path) => !allowed.has(path))).toEqual([]);
});

describe('the doors', () => {
  test.each(inFolder('exports/').map(({ path, text }) => [path, text] as const))(
    '%s only re-exports',
    (path, text) => {
      const others = parseSync(path, text).program.body.filter(
        (node) =>
          !(node.type === 'ExportNamedDeclaration' && node.source) &&
          node.type !== 'ExportAllDeclaration',
      );
      expect(others).toEqual([]);
    },
  );

  test('workflow code reaches neither Node nor a client', () => {
    const allowed = ['exports/workflow.ts', ...(REALMS['workflows'] ?? [])];
    const outside = [...reachable('exports/workflow.ts')].filter(
      (name) => !allowed.some((prefix) => within(name, prefix)),
    );
    expect(outside).toEqual([]);
  });
});

/** Every string and every part of a template. */
function textsOf(node: unknown): readonly string[] {
  if (typeof node === 'string') return [node];
  if (typeof node !== 'object' || node === null) return [];
  if ('type' in node && node.type === 'Literal' && 'value' in node) return textsOf(node.value);
  return Object.values(node).flatMap(textsOf);
}

function inFolder(folder: string): readonly Source[] {
  return sources.filter(({ path }) => path.startsWith(folder));
}

/** Everything that is loaded with a file, packages by their names. */
function reachable(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const name of importing.get(path) ?? []) reachable(name, found);
  return found;
}

const within = (name: string, prefix: string): boolean =>
  prefix.endsWith('/') || prefix.endsWith(':')
    ? name.startsWith(prefix)
    : name === prefix || name.startsWith(`${prefix}/`);

async function readSources(): Promise<readonly Source[]> {
  const files = await readdir(SRC, { recursive: true });
  return Promise.all(
    files
      .filter((file) => file.endsWith('.ts'))
      .map(async (path) => ({
        path,
        text: await readFile(join(SRC, path), 'utf8'),
        imports: (await importsOf(join(SRC, path))).map((name) =>
          name.startsWith('.') ? relative(SRC, resolve(SRC, dirname(path), name)) : name,
        ),
      })),
  );
}
