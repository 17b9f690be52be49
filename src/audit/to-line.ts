import { ACTIONS } from './decision.ts';
import type { Decision } from './decision.ts';

/** Decisions of one kind that came after one another, and were not told one by one. */
export interface Folded {
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
}

/**
 * A decision as one line of JSON, in ASCII and of at most 4,096 bytes: whoever writes to the same pipe cannot come in
 * between, and nothing in a name ends the line for any reader.
 */
export function toLine(decision: Decision, at: Date, folded?: Folded): string {
  const line = render(decision, { at, folded, most: USUAL });
  return line.length <= LINE ? line : render(decision, { at, folded, most: LEAST });
}

/** Bytes that are written to a pipe in one piece. */
const LINE = 4096;
/** Characters of each text. */
const USUAL = 200;
/** The same of one that is six bytes each. */
const LEAST = 40;

interface Rendering {
  readonly at: Date;
  readonly folded: Folded | undefined;
  readonly most: number;
}

function render(
  { action, outcome, reason, session, origin, ...about }: Decision,
  { at, folded, most }: Rendering,
): string {
  const text = (value: string | null | undefined): string | undefined =>
    value == null ? undefined : value.length > most ? `${value.slice(0, most)}…` : value;
  const credentialId = session?.credentialId ?? about.credentialId;
  const fields = {
    '@timestamp': at,
    component: 'audit',
    'event.kind': 'event',
    'event.category': [ACTIONS[action]],
    'event.action': action,
    'event.outcome': outcome,
    'event.reason': text(reason),
    'event.start': folded?.first,
    'event.end': folded?.last,
    'user.name': text(session?.caller.name),
    // A subject as its provider has it; of all else the kind before it, such as `key:ci`.
    'user.id': text(credentialId?.replace(/^sub:/, '')),
    'organization.id': text(session?.caller.tenant),
    'source.ip': text(origin?.ip),
    'http.request.id': text(origin?.requestId),
    'trace.id': text(origin?.traceId),
    waymark: {
      credential: session?.credential,
      run: text(about.run),
      rerunOf: text(about.rerunOf),
      resumeOf: text(about.resumeOf),
      definition: text(about.definition),
      token: text(about.token),
      said: text(about.said),
      count: folded?.count,
    },
  };
  return `${toAscii(JSON.stringify(fields))}\n`;
}

const toAscii = (json: string): string =>
  json.replaceAll(
    /[\u007F-\uFFFF]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
