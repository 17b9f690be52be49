import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../src/contract/wire/run-fields.ts';
import { FakeTasks } from '../src/testing/fake-tasks.ts';
import * as builtIn from '../src/workflows/index.ts';
import { importsOf, mentionsOf } from './support/imports-of.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
/** Sources that are a package of their own: rooms like those of `src`, under these names. */
const PACKAGES: Readonly<Record<string, string>> = {
  'client/': fileURLToPath(new URL('../packages/client/src/', import.meta.url)),
};

interface Source {
  /** Relative to `src`, or under the name of a package. */
  readonly path: string;
  readonly text: string;
  /** What it loads at run time: files relative to `src`, or packages. */
  readonly imports: readonly string[];
  /** The same with what it takes types from. */
  readonly mentions: readonly string[];
}

interface Room {
  readonly rooms: readonly string[];
  /** Prefixes: a package with all that is in it, or one scheme. */
  readonly packages: readonly string[];
}

const CONTRACT = ['tools/', 'contract/wire/', 'contract/', 'contract/input/', 'contract/rules/'];
const GATEWAY = [
  'node:',
  'zod',
  'fastify',
  '@fastify/cors',
  'graphql',
  'graphql-ws',
  'mercurius',
  'negotiator',
  'ws',
  'dataloader',
  'altair-static',
  '@pothos/core',
];

const sources = await readSources();
const importing = new Map(sources.map(({ path, imports }) => [path, imports]));
const mentioning = new Map(sources.map(({ path, mentions }) => [path, mentions]));

/**
 * The rooms of the house, from the ground up: what each may know of the others (types too), and the packages it may
 * load. A room stands on rooms above it in this table alone, so no two can lean on each other. A file that puts a room
 * together, as a list of what is in it, is a room of its own.
 */
const ROOMS: Readonly<Record<string, Room>> = {
  'tools/': { rooms: [], packages: [] },
  'metering/': { rooms: ['tools/'], packages: ['node:'] },
  'contract/wire/': { rooms: ['tools/'], packages: [] },
  'contract/': { rooms: ['contract/wire/'], packages: ['zod'] },
  'contract/input/': { rooms: ['tools/', 'contract/wire/', 'contract/'], packages: ['zod'] },
  'contract/rules/': { rooms: ['tools/', 'contract/wire/', 'contract/'], packages: ['zod'] },

  'shares/': { rooms: CONTRACT, packages: ['node:'] },

  'encryption/': {
    rooms: CONTRACT,
    packages: ['node:', 'zod', '@temporalio/common', '@temporalio/proto'],
  },

  // The client, which stands on the contract alone, and on no package: whoever has it gets nothing else.
  'client/wire/': { rooms: ['contract/'], packages: [] },
  'client/documents/': { rooms: ['client/wire/'], packages: [] },
  'client/answers/': {
    rooms: ['contract/wire/', 'contract/', 'client/documents/'],
    packages: [],
  },
  'client/': {
    rooms: ['contract/wire/', 'contract/', 'client/wire/', 'client/documents/', 'client/answers/'],
    packages: [],
  },

  'client/react/': {
    rooms: [
      'contract/wire/',
      'contract/',
      'client/wire/',
      'client/documents/',
      'client/answers/',
      'client/',
    ],
    packages: ['react'],
  },

  // Of Node, and of nothing else: the doors beside it are a browser's too.
  'client/command/': {
    rooms: [
      'contract/wire/',
      'contract/',
      'client/wire/',
      'client/documents/',
      'client/answers/',
      'client/',
    ],
    packages: ['node:'],
  },

  // The parser of durations is pure, and in every bundle anyway.
  'workflows/': {
    rooms: CONTRACT,
    packages: ['zod', '@temporalio/workflow', '@temporalio/common/lib/time.js'],
  },
  'activities/': {
    rooms: CONTRACT,
    packages: ['node:', '@temporalio/activity', '@temporalio/common'],
  },
  'activities/tasks/': { rooms: ['activities/'], packages: ['node:', '@temporalio/activity'] },
  'activities/index.ts': { rooms: ['activities/tasks/'], packages: [] },
  // Of activities, types alone: a workflow that loads one is not deterministic.
  'workflows/tasks/': { rooms: ['workflows/', 'activities/index.ts'], packages: ['zod'] },
  'workflows/index.ts': { rooms: ['workflows/tasks/'], packages: [] },

  'service/temporal/': {
    rooms: [...CONTRACT, 'metering/', 'encryption/'],
    packages: [
      'node:',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/envconfig',
      '@temporalio/proto',
    ],
  },
  'service/run/': {
    rooms: [...CONTRACT, 'service/temporal/'],
    packages: ['node:', '@temporalio/client', '@temporalio/common'],
  },
  'service/log/': {
    rooms: [...CONTRACT, 'service/temporal/', 'service/run/'],
    packages: ['node:', '@temporalio/client', '@temporalio/common'],
  },
  'service/resume/': {
    rooms: [...CONTRACT, 'service/temporal/', 'service/log/'],
    packages: ['@temporalio/common'],
  },
  'service/timeline/': {
    rooms: [...CONTRACT, 'service/temporal/', 'service/run/', 'service/log/'],
    packages: ['@temporalio/common'],
  },
  'service/live/': {
    rooms: [...CONTRACT, 'service/temporal/', 'service/log/', 'service/timeline/'],
    packages: ['node:', '@temporalio/client'],
  },
  'service/list/': {
    rooms: [...CONTRACT, 'metering/', 'shares/', 'service/temporal/', 'service/run/'],
    packages: ['node:', 'zod', '@temporalio/client', '@temporalio/common'],
  },
  'service/diagnosis/': {
    rooms: [...CONTRACT, 'service/temporal/', 'service/run/'],
    packages: ['@temporalio/common'],
  },
  // The one place where rights are enforced, over whatever answers: service and fake alike.
  'rights/': { rooms: CONTRACT, packages: [] },

  'service/': {
    rooms: [
      'rights/',
      ...CONTRACT,
      'metering/',
      'service/temporal/',
      'service/run/',
      'service/resume/',
      'service/live/',
      'service/list/',
      'service/diagnosis/',
    ],
    packages: ['node:', '@temporalio/client', '@temporalio/common'],
  },

  'login/': { rooms: [...CONTRACT, 'rights/'], packages: ['node:', 'zod', 'jose'] },

  // Watches over operations and logins, and decides nothing.
  'audit/': { rooms: [...CONTRACT, 'rights/', 'login/'], packages: ['node:'] },

  'api/graphiql/': { rooms: CONTRACT, packages: GATEWAY },
  'api/schema/kit/': {
    rooms: [...CONTRACT, 'login/', 'shares/', 'audit/', 'metering/'],
    packages: GATEWAY,
  },
  'api/schema/list/': { rooms: [...CONTRACT, 'api/schema/kit/'], packages: GATEWAY },
  'api/schema/': {
    rooms: [...CONTRACT, 'rights/', 'login/', 'api/schema/kit/'],
    packages: GATEWAY,
  },
  'api/schema/change/': {
    rooms: [...CONTRACT, 'api/schema/kit/', 'api/schema/'],
    packages: GATEWAY,
  },
  'api/schema/typed/': {
    rooms: [...CONTRACT, 'api/schema/kit/', 'api/schema/'],
    packages: GATEWAY,
  },
  'api/create-schema.ts': {
    rooms: [
      ...CONTRACT,
      'api/schema/kit/',
      'api/schema/list/',
      'api/schema/',
      'api/schema/change/',
      'api/schema/typed/',
    ],
    packages: GATEWAY,
  },
  'api/transport/': { rooms: [...CONTRACT, 'login/', 'api/schema/kit/'], packages: GATEWAY },
  'api/extension.ts': {
    rooms: ['contract/', 'api/schema/kit/', 'api/transport/'],
    packages: [],
  },
  'api/webiny/': { rooms: [...CONTRACT, 'api/schema/kit/', 'api/transport/'], packages: GATEWAY },
  'api/webiny/list/': { rooms: [...CONTRACT, 'api/webiny/'], packages: GATEWAY },
  'api/webiny/types/': {
    rooms: [...CONTRACT, 'api/schema/kit/', 'api/webiny/', 'api/webiny/list/'],
    packages: GATEWAY,
  },
  'api/webiny/background-tasks.ts': {
    rooms: [
      ...CONTRACT,
      'api/extension.ts',
      'api/schema/kit/',
      'api/transport/',
      'api/webiny/',
      'api/webiny/list/',
      'api/webiny/types/',
    ],
    packages: GATEWAY,
  },
  'api/': {
    rooms: [
      ...CONTRACT,
      'encryption/',
      'rights/',
      'login/',
      'shares/',
      'audit/',
      'api/graphiql/',
      'api/schema/kit/',
      'api/create-schema.ts',
      'api/transport/',
      'api/extension.ts',
    ],
    packages: GATEWAY,
  },

  'process/': {
    rooms: ['tools/', 'contract/'],
    packages: [
      'node:',
      'zod',
      'pino',
      '@temporalio/envconfig',
      '@temporalio/client',
      '@temporalio/worker',
    ],
  },
  // Beside the process, so that a worker loads nothing of it.
  'process/open-login.ts': {
    rooms: ['login/', 'shares/', 'audit/', 'process/'],
    packages: ['node:'],
  },
  'process/open-audit.ts': { rooms: ['audit/', 'process/'], packages: ['node:'] },
  'process/open-encryption.ts': { rooms: ['encryption/', 'process/'], packages: ['node:'] },
  'worker/': {
    rooms: [...CONTRACT, 'encryption/', 'activities/', 'process/'],
    packages: [
      'node:',
      '@temporalio/worker',
      '@temporalio/common',
      '@temporalio/activity',
      '@temporalio/proto',
    ],
  },
  'worker.ts': {
    rooms: [
      'activities/index.ts',
      'service/temporal/',
      'process/',
      'process/open-encryption.ts',
      'worker/',
    ],
    packages: ['node:', '@temporalio/worker'],
  },
  'api/server.ts': {
    rooms: [
      'contract/',
      'workflows/index.ts',
      'service/temporal/',
      'service/',
      'api/',
      'api/graphiql/',
      'api/webiny/background-tasks.ts',
      'process/',
      'process/open-audit.ts',
      'process/open-login.ts',
      'process/open-encryption.ts',
    ],
    packages: ['node:'],
  },
  'local/': {
    rooms: [
      'tools/',
      'contract/',
      'activities/index.ts',
      'workflows/index.ts',
      'service/temporal/',
      'service/',
      'api/',
      'api/graphiql/',
      'api/webiny/background-tasks.ts',
      'process/',
      'process/open-audit.ts',
      'process/open-login.ts',
      'process/open-encryption.ts',
      'worker/',
    ],
    packages: ['node:', 'pino', '@temporalio/client', '@temporalio/common', '@temporalio/worker'],
  },
  'testing/': {
    rooms: [
      ...CONTRACT,
      'rights/',
      'metering/',
      'activities/',
      'service/temporal/',
      'service/',
      'process/',
      'worker/',
      'local/',
    ],
    packages: ['node:', 'zod', '@temporalio/worker', '@temporalio/testing', '@temporalio/activity'],
  },
};

describe('a room', () => {
  const order = Object.keys(ROOMS);

  test('is where each file is', () => {
    const outside = sources.filter(({ path }) => roomOf(path) === undefined);
    expect(outside.map(({ path }) => path)).toEqual([]);
  });

  test('has no file of the same name as another', () => {
    // Doors are named for what comes through, and an index for its room.
    const names = sources
      .filter(({ path }) => !path.startsWith('exports/') && !path.endsWith('/index.ts'))
      .map(({ path }) => basename(path));
    expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  });

  test('has some fifteen files at most', () => {
    const folders = sources.map(({ path }) => dirname(path));
    const full = folders.filter((folder) => folders.filter((one) => one === folder).length > 16);
    expect(new Set(full)).toEqual(new Set());
  });

  test.each(Object.entries(ROOMS))('%s stands on rooms below it', (room, { rooms }) => {
    const above = rooms.filter((other) => order.indexOf(other) >= order.indexOf(room));
    expect(above).toEqual([]);
  });

  test.each(Object.entries(ROOMS))('%s knows only the rooms it says', (room, { rooms }) => {
    const others = inRoom(room)
      .flatMap(({ path, mentions }) => mentions.map((name) => ({ path, name })))
      .filter(({ name }) => {
        const other = roomOf(name);
        return other !== undefined && other !== room && !rooms.includes(other);
      });
    expect(others).toEqual([]);
  });

  test.each(Object.entries(ROOMS))('%s says no room that it does not know', (room, { rooms }) => {
    const known = new Set(inRoom(room).flatMap(({ mentions }) => mentions.map(roomOf)));
    // The contract is everybody's.
    expect(rooms.filter((other) => !CONTRACT.includes(other) && !known.has(other))).toEqual([]);
  });

  test.each(Object.entries(ROOMS))('%s loads only the packages it says', (room, { packages }) => {
    const others = inRoom(room)
      .flatMap(({ path, imports }) => imports.map((name) => ({ path, name })))
      .filter(({ name }) => !name.endsWith('.ts') && !packages.some((one) => within(name, one)));
    expect(others).toEqual([]);
  });

  const rooms = [...new Set(sources.map(({ path }) => dirname(path)))].filter(
    (room) => room !== '.',
  );
  test.each(rooms)('%s opens with what it is and where its changes go', async (room) => {
    const [title = '', ...paragraphs] = (await readFile(join(fileOf(room), 'README.md'), 'utf8'))
      .trim()
      .split('\n\n');
    expect(title).toMatch(/^# \S/);
    // A list of two things is told by the room itself; more of it would grow stale.
    expect(paragraphs).toHaveLength(2);
  });

  test.each(rooms)('%s names files that there are', async (room) => {
    const text = await readFile(join(fileOf(room), 'README.md'), 'utf8');
    const named = [...text.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)].map(([, name = '']) => name);
    // In it, beside it, in `src`, or of the whole project.
    const folder = fileOf(room);
    const places = [folder, dirname(folder), SRC, dirname(SRC)];
    expect(named.filter((name) => !places.some((place) => existsSync(join(place, name))))).toEqual(
      [],
    );
  });

  test('has no circle of files, types included', () => {
    const circles = sources.filter(({ path }) => mentionedBy(path).has(path));
    expect(circles.map(({ path }) => path)).toEqual([]);
  });
});

test('workflow code takes types alone from activities', () => {
  const loading = inFolder('workflows/').filter(({ imports }) =>
    imports.some((name) => name.startsWith('activities/')),
  );
  expect(loading.map(({ path }) => path)).toEqual([]);
});

test('programs are loaded by no library file', () => {
  const programs = new Set([
    'worker.ts',
    'worker/bundle.ts',
    'api/server.ts',
    'login/new-key.ts',
    'local/start.ts',
    'client/command/main.ts',
  ]);
  const loaded = sources
    .flatMap(({ path, imports }) => imports.map((name) => ({ path, name })))
    .filter(({ name }) => programs.has(name));
  expect(loaded).toEqual([]);
});

test('the fake of the test kit stands on the contract alone', () => {
  const outside = [...reachable('testing/fake-tasks.ts')].filter(
    (name) => !/^(?:testing\/|rights\/|metering\/|contract\/|tools\/|node:|zod$)/.test(name),
  );
  expect(outside).toEqual([]);
});

test('the compatibility namespace is loaded by its door and the programs alone', () => {
  const loading = sources
    .filter(({ path }) => !path.startsWith('api/webiny/'))
    .filter(({ imports }) => imports.some((name) => name.startsWith('api/webiny/')))
    .map(({ path }) => path);
  expect(loading.toSorted()).toEqual([
    'api/server.ts',
    'exports/webiny-api.ts',
    'local/start-local.ts',
  ]);
});

test('the words of the compatibility namespace stay in it', () => {
  const saying = sources
    .filter(({ path }) => !path.startsWith('api/webiny/') && path !== 'exports/webiny-api.ts')
    .flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, line })))
    .filter(({ line }) => /webiny/i.test(line) && !/ from '.*\/webiny\/[^']*';$/.test(line));
  expect(saying).toEqual([]);
});

test('every operation of Tasks is asked by the gateway', () => {
  // Those of a caller with rights: without a rule for each they do not compile.
  const fake = new FakeTasks({ tasks: builtIn });
  const operations = Object.keys(fake.as({ name: 'ann', grants: [] }));
  // What passes all of them on asks none.
  const passing = 'api/schema/kit/within-budget.ts';
  const asking = inFolder('api/').flatMap(({ path, text }) => (path === passing ? [] : text));
  expect(operations.length).toBeGreaterThan(20);
  expect(
    operations.filter((name) => !asking.some((text) => text.includes(`tasks.${name}(`))),
  ).toEqual([]);
});

test('visibility text is written where filters are made, and where the index is asked for one id', () => {
  const ours = Object.keys(SEARCH_ATTRIBUTES).join('|');
  const condition = new RegExp(
    `\\b(?:ExecutionStatus|ExecutionTime|StartTime|CloseTime|Workflow(?:Id|Type)|${ours}) (?:=|!=|<|>|IN|NOT|IS|BETWEEN|STARTS_WITH)`,
  );
  const writing = sources
    .filter(({ path, text }) =>
      textsOf(parseSync(path, text).program).some((one) => condition.test(one)),
    )
    .map(({ path }) => path);
  const allowed = new Set([
    'service/list/to-visibility-query.ts',
    'service/temporal/visibility.ts',
  ]);
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
    const { rooms = [], packages = [] } = ROOMS['workflows/'] ?? {};
    const allowed = ['exports/workflow.ts', 'workflows/', ...rooms, ...packages];
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

/** Everything that a file knows of, over any number of files. */
function mentionedBy(path: string, found = new Set<string>()): ReadonlySet<string> {
  for (const name of mentioning.get(path) ?? [])
    if (!found.has(name)) {
      found.add(name);
      mentionedBy(name, found);
    }
  return found;
}

/** The row of a file: its own, or its folder's. Doors lead everywhere, and are looked at below. */
function roomOf(path: string): string | undefined {
  if (path in ROOMS) return path;
  const folder = `${dirname(path)}/`;
  return folder in ROOMS || folder === 'exports/' ? folder : undefined;
}

const inRoom = (room: string): readonly Source[] =>
  sources.filter(({ path }) => roomOf(path) === room);

const within = (name: string, prefix: string): boolean =>
  prefix.endsWith('/') || prefix.endsWith(':')
    ? name.startsWith(prefix)
    : name === prefix || name.startsWith(`${prefix}/`);

async function readSources(): Promise<readonly Source[]> {
  const folders = [['', SRC] as const, ...Object.entries(PACKAGES)];
  const all = folders.map(async ([name, folder]) => {
    const files = await readdir(folder, { recursive: true });
    return files.flatMap((file) => (/\.tsx?$/.test(file) ? [`${name}${file}`] : []));
  });
  return Promise.all((await Promise.all(all)).flat().map(readSource));
}

async function readSource(path: string): Promise<Source> {
  const file = fileOf(path);
  const from = (name: string): string =>
    name.startsWith('.') ? pathOf(resolve(dirname(file), name)) : name;
  return {
    path,
    text: await readFile(file, 'utf8'),
    imports: (await importsOf(file)).map(from),
    mentions: (await mentionsOf(file)).map(from),
  };
}

function fileOf(path: string): string {
  const [name, folder] = Object.entries(PACKAGES).find(([one]) => `${path}/`.startsWith(one)) ?? [];
  return name === undefined || folder === undefined
    ? join(SRC, path)
    : join(folder, path.slice(name.length));
}

function pathOf(file: string): string {
  const [name, folder] = Object.entries(PACKAGES).find(([, one]) => file.startsWith(one)) ?? [];
  return name === undefined || folder === undefined
    ? relative(SRC, file)
    : `${name}${relative(folder, file)}`;
}
