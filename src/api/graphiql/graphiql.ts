import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { getDistDirectory, renderAltair } from 'altair-static';
import type { TaskDefinitionInfo } from '../../contract/tasks.ts';
import { ANY_RUN, examplesFor } from './examples.ts';
import type { Example } from './examples.ts';

export interface GraphiqlOptions {
  /** Of the page. */
  readonly path: string;
  /** Of the API as a browser sees it; event streams are at `<endpoint>/stream`. */
  readonly endpoint: string;
  /** None where they are not for everybody: the examples then begin with a login. */
  readonly definitions: readonly TaskDefinitionInfo[];
}

/**
 * Serves a page to try the API with: Altair, from this machine alone, with worked examples in its tabs. With
 * `?run=<id>` they are of that run.
 */
export async function registerGraphiql(
  app: FastifyInstance,
  { path, endpoint, definitions }: GraphiqlOptions,
): Promise<void> {
  const folder = getDistDirectory();
  const assets = new Set(
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')),
  );
  const baseURL = `${app.prefix}${path}/`;
  const page = renderAltair({ baseURL, serveInitialOptionsInSeperateRequest: START });

  app.get(
    path,
    async (_request, reply) => await reply.headers(PAGE_HEADERS).type(TYPES['.html']).send(page),
  );
  app.get(`${path}/`, async (_request, reply) => await reply.redirect(`${app.prefix}${path}`));
  app.get(
    `${path}/${START}`,
    async (_request, reply) =>
      await reply
        .header('cache-control', 'no-cache')
        .type(TYPES['.js'])
        .send(toScript(endpoint, examplesFor(definitions, new Date()))),
  );
  app.get<{ Params: { '*': string } }>(`${path}/*`, async ({ params }, reply) => {
    const name = params['*'];
    // Only what is there is served, so no path leads out of the folder.
    if (!assets.has(name)) return reply.callNotFound();
    return await reply
      .headers(
        name.startsWith('iframe-sandbox/')
          ? // The page shows it in a frame.
            { 'content-security-policy': "frame-ancestors 'self'" }
          : { 'cache-control': 'public, max-age=86400' },
      )
      .type(typeOf(name))
      .send(await readFile(join(folder, name)));
  });
}

const START = 'start.js';

/** Runs in the page: it knows where it is, and Altair wants whole addresses. */
const toScript = (endpoint: string, examples: readonly Example[]): string => `
(async () => {
const url = new URL(${JSON.stringify(endpoint)}, location.href).href;
const api = {
  endpointURL: url,
  // Altair shows the errors of an event stream, and takes those of a socket for a server that is down.
  subscriptionsEndpoint: url + '/stream',
  initialSubscriptionRequestHandlerId: 'graphql-sse',
};
const run = new URLSearchParams(location.search).get('run');
const examples = ${JSON.stringify(examples)}.map((example) => ({
  ...example,
  query: run === null ? example.query : example.query.replaceAll(${JSON.stringify(JSON.stringify(ANY_RUN))}, () => JSON.stringify(run)),
}));
const newest = async () => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ taskRuns(first: 1) { nodes { id } } }' }),
  });
  return (await response.json()).data.taskRuns.nodes[0].id;
};
// Nothing to show yet, or nobody who may see it: the error of the tab then says what to do.
const shown = run ?? (await newest().catch(() => 'trigger a run first'));
AltairGraphQL.init({
  ...api,
  // What was typed elsewhere stays there; a run's page is made anew each time.
  instanceStorageNamespace: run === null ? 'waymark_' : 'waymark_run_',
  preserveState: run === null,
  // It belongs to a service of Altair's makers.
  disableAccount: true,
  initialSettings: { theme: 'system', 'banners.disable': true, 'schema.reloadOnStart': true },
  initialEnvironments: {
    activeSubEnvironment: 'run',
    // It is put into documents as it is.
    subEnvironments: [{ id: 'run', title: 'Run', variables: {
      run: JSON.stringify(shown).slice(1, -1),
      definition: 'run the tab Start here first',
    } }],
  },
  initialWindows: examples.map(({ name, query, script }) => ({
    ...api,
    initialName: name,
    initialQuery: query,
    ...(script && { postRequestScriptEnabled: true, initialPostRequestScript: script }),
  })),
});

// Altair opens at the last tab; whoever is here for the first time starts at the first, and for a run at what follows it.
if (run !== null || localStorage.getItem('waymark') === null) {
  const observer = new MutationObserver(() => {
    const tabs = document.querySelectorAll('.window-switcher__item');
    if (tabs.length < examples.length) return;
    observer.disconnect();
    tabs[run === null ? 0 : examples.findIndex(({ query }) => query.includes(JSON.stringify(run)))].click();
    if (run !== null) return;
    localStorage.setItem('waymark', 'opened');
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
})();
`;

/** The page asks nobody but this gateway, whatever is in it. */
const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "frame-ancestors 'none'",
  ].join('; '),
};

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
} as const;

const typeOf = (name: string): string =>
  Object.entries(TYPES).find(([extension]) => extension === extname(name))?.[1] ??
  'application/octet-stream';
