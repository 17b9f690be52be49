import type { TaskDefinitionInfo } from '../../contract/tasks.ts';

/** A tab of the page: a document that runs as it is. */
export interface Example {
  readonly name: string;
  readonly query: string;
  /** Runs in the page after each answer. */
  readonly script?: string;
}

/** Stands for a run in the examples: a variable of the page, which holds the newest one. */
export const ANY_RUN = '{{run}}';

/** Stands for a definition, for whoever may not know the catalogue before a login. */
export const ANY_DEFINITION = '{{definition}}';

/** From the catalogue to a run that hangs, in the order in which a newcomer needs them. */
export function examplesFor(
  definitions: readonly TaskDefinitionInfo[],
  now: Date,
): readonly Example[] {
  const shown = definitions.find(({ examples }) => examples.length > 0) ?? definitions[0];
  return [
    ...(shown
      ? [
          { name: 'Start here', query: CATALOGUE },
          { name: 'Trigger', query: toTrigger(shown.id, shown.examples[0]), script: KEEP_RUN },
        ]
      : [
          { name: 'Start here', query: LOGIN + CATALOGUE, script: KEEP_DEFINITION },
          { name: 'Trigger', query: toTrigger(ANY_DEFINITION, {}, CHOICE), script: KEEP_RUN },
        ]),
    { name: 'Follow a run', query: FOLLOW },
    { name: 'Read its log', query: LOG },
    { name: 'Abort', query: ABORT },
    { name: 'Failed this week', query: toFailed(new Date(now.getTime() - WEEK)) },
    { name: 'Why does it hang?', query: HANGING },
  ];
}

/** What is triggered here is the run of the other tabs. */
const KEEP_RUN = `const run = JSON.parse(altair.response.body).data?.triggerTask?.run;
if (run) altair.helpers.setEnvironment('run', run.id, true);
`;

/** What is triggered is something that the caller may see, without an input if there is such a one. */
const KEEP_DEFINITION = `const all = JSON.parse(altair.response.body).data?.taskDefinitions ?? [];
const definition = all.find(({ inputSchema }) => !inputSchema?.required?.length) ?? all[0];
if (definition) altair.helpers.setEnvironment('definition', definition.id, true);
`;

const LOGIN = `# This gateway asks who you are: set the header Authorization to "Bearer …" with your token or key, in each tab.
`;

const CHOICE = `# {{definition}} stands for one that "Start here" found, so run that first; put any other id in its place,
# with an input like its \`examples\`.
`;

const WEEK = 7 * 24 * 60 * 60 * 1000;

/** JSON as a GraphQL literal; undefined when a key of it cannot be one there. */
function toLiteral(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Array.isArray(value)
    ? value.map(toLiteral)
    : Object.entries(value).map(([key, item]) => {
        const literal = toLiteral(item);
        return literal !== undefined && NAME.test(key) ? `${key}: ${literal}` : undefined;
      });
  if (parts.includes(undefined)) return undefined;
  const inner = parts.join(', ');
  return Array.isArray(value) ? `[${inner}]` : inner === '' ? '{}' : `{ ${inner} }`;
}
const NAME = /^[_A-Za-z]\w*$/;

const CATALOGUE = `# Everything that can be triggered. Run it with the button above, or Ctrl+Enter.
# The next tabs trigger a run, follow it, abort it, list what failed and find out why one hangs.
query Catalogue {
  taskDefinitions {
    id
    title
    description
    examples
    inputSchema
    mutation
    worker { online lastSeen }
  }
}
`;

const toTrigger = (
  definition: string,
  input: unknown,
  choice = '',
): string => `# Triggers a run. Every outcome is a member of the answer: ask for what you want to show of it.
# Each definition has a mutation of its own as well, with a typed input: see \`mutation\` in the catalogue.
# The next tabs are about this run.
${choice}mutation Trigger {
  triggerTask(
    definition: ${JSON.stringify(definition)}
    input: ${toLiteral(input ?? {}) ?? '{}'}
    options: { name: "My first run", tags: ["example"] }
  ) {
    __typename
    ... on TaskRunTriggered { run { id name status } }
    ... on TaskRunDeduplicated { run { id name status } }
    ... on InvalidInput { issues { path message } }
    ... on TaskDefinitionNotFound { suggestions }
    ... on Problem { code message }
  }
}
`;

const FOLLOW = `# The run as it is now, then each time it changes, until it is over.
# {{run}} stands for the newest run; put any other id in its place.
subscription Follow {
  taskRun(id: "${ANY_RUN}") {
    name
    status
    progress { percent done total message }
    steps { name state attempt lastFailure }
    output
    error { code message }
    abort { by reason mode }
    diagnosis { message action }
  }
}
`;

const LOG = `# The lines that are there, a page at a time. The next page: after: "the cursor of this one".
# A program follows them live by the subscription taskRunLog; this page would draw an editor for each line.
query ReadLog {
  taskRun(id: "${ANY_RUN}") {
    log(first: 200) {
      lines { time level step message data }
      cursor
      hasMore
      ended
      dropped
    }
  }
}
`;

const ABORT = `# Asks a run to stop at its next checkpoint and to clean up.
# \`terminateTaskRun\` ends one at once whose worker is gone.
mutation Abort {
  abortTaskRun(id: "${ANY_RUN}", reason: "Just trying") {
    __typename
    ... on TaskRunAborting { graceEndsAt run { id status } }
    ... on AlreadyFinished { run { id status } }
    ... on Problem { code message }
  }
}
`;

const toFailed = (
  since: Date,
): string => `# The runs that failed in the last seven days, the latest first, and why.
# The next page: after: "the endCursor of this one".
query Failed {
  taskRuns(
    filter: { status: { in: [FAILED] }, finishedAt: { after: "${since.toISOString()}" } }
    orderBy: LAST_FINISHED_FIRST
    first: 20
  ) {
    totalCount
    nodes {
      id
      name
      definitionId
      finishedAt
      triggeredBy
      error { code message step attempt }
      input
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const HANGING = `# What is not over, and why it does not move: one sentence, and what to do.
query Hanging {
  taskRuns(filter: { status: { in: [PENDING, RUNNING, ABORTING] } }, first: 20) {
    nodes {
      id
      name
      status
      createdAt
      diagnosis { code message since action }
      steps { name state attempt maxAttempts nextAttemptAt lastFailure lastHeartbeat }
      webUiUrl
    }
  }
  workers { id host status lastSeen }
}
`;
