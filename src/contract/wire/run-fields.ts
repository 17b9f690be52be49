import { MEMO } from './messages.ts';
import { utf8Length } from '../../tools/utf8-length.ts';
import { beginningsOf } from '../../tools/beginnings-of.ts';

/** What Temporal indexes of a run beside its own fields: names and Temporal's types. */
export const SEARCH_ATTRIBUTES = {
  TaskName: 'Keyword',
  /** What the words of the name begin with, as `beginningsOf` spells it. */
  TaskWords: 'Text',
  TaskTags: 'KeywordList',
  TaskParent: 'Keyword',
  /** The run that it repeats; with `RESUMES` before its id, the one that it goes on from. */
  TaskRerunOf: 'Keyword',
  TaskActor: 'Keyword',
  /** As the run's id has it: the id is the truth, and this its index. */
  TaskTenant: 'Keyword',
  TaskIteration: 'Int',
  /** Set by the workflow when an abort arrives: `<when its grace ends, ISO>`. */
  TaskAbort: 'Keyword',
} as const;
export type SearchAttribute = keyof typeof SEARCH_ATTRIBUTES;

/** Temporal's SQL stores have few Keyword attributes, so one tells both; no run is a rerun and goes on from another. */
export const RESUMES = 'resume:';

/** Every run of ours has it: it tells them from what else is in the namespace. */
export const MARK: SearchAttribute = 'TaskIteration';

/** Memo of a run, at most 2 KiB: Temporal returns it with every list row. */
export interface RunMemo {
  readonly v: 1;
  readonly name: string;
  readonly actor: string | null;
  /** The whole input when its JSON is at most 1 KiB; else it is read from history. */
  readonly input?: unknown;
  /** SHA-256 of definition and input, when the run was triggered under a key: as given, and as the schema reads it. */
  readonly keyed?: string;
  readonly keyedRead?: string;
  /** The chain's first start, ISO; absent in the first iteration. */
  readonly createdAt?: string;
  readonly iteration: number;
  /** What it reuses of the run that it goes on from, in words. */
  readonly reuses?: string;
  /** Which of its parent's calls it is, where the parent goes on from another run. */
  readonly call?: number;
  /** What its sources are marked with, when an operator reset an iteration before this one. */
  readonly mark?: string;
}

/** What a key stands for: definition and input, in two forms that are the same for the same request. */
export interface KeyedRequest {
  /** The input as it was given; undefined for a run that no key made. */
  readonly given: string | undefined;
  /** The input as the schema reads it; undefined when it holds what can be told neither apart nor alike. */
  readonly read: string | undefined;
}

export const isRunMemo = (value: unknown): value is RunMemo =>
  typeof value === 'object' && value !== null && 'v' in value && value.v === 1 && 'name' in value;

export interface RunFields {
  readonly name: string;
  readonly actor: string | null;
  readonly input: unknown;
  readonly tags?: readonly string[];
  readonly parent?: string | undefined;
  readonly rerunOf?: string | undefined;
  readonly resumeOf?: string | undefined;
  readonly reuses?: string | undefined;
  readonly keyed?: KeyedRequest | undefined;
  readonly tenant?: string | null | undefined;
}

const INPUT_IN_MEMO = 1024;

/** Memo and search attributes of a new run: the service and a parent workflow write the same. */
export function toRunFields({
  name,
  actor,
  input,
  tags = [],
  parent,
  rerunOf,
  resumeOf,
  reuses,
  keyed,
  tenant,
}: RunFields): {
  readonly memo: { readonly [MEMO]: RunMemo };
  readonly searchAttributes: Readonly<
    Partial<Record<SearchAttribute, string | number | readonly string[]>>
  >;
} {
  // `undefined` has no JSON, whatever the types say.
  const json = (JSON.stringify(input) as string | undefined) ?? 'null';
  const words = [...beginningsOf(name)].join(' ');
  return {
    memo: {
      [MEMO]: {
        v: 1,
        name,
        actor,
        ...(utf8Length(json) <= INPUT_IN_MEMO && { input }),
        ...(keyed?.given !== undefined && { keyed: keyed.given }),
        ...(keyed?.read !== undefined && { keyedRead: keyed.read }),
        ...(reuses !== undefined && { reuses }),
        iteration: 1,
      },
    },
    searchAttributes: {
      TaskName: name,
      ...(words !== '' && { TaskWords: words }),
      TaskIteration: 1,
      ...(tags.length > 0 && { TaskTags: tags.map((tag) => tag.toLowerCase()) }),
      ...(parent !== undefined && { TaskParent: parent }),
      ...(rerunOf !== undefined && { TaskRerunOf: rerunOf }),
      ...(resumeOf !== undefined && { TaskRerunOf: `${RESUMES}${resumeOf}` }),
      ...(actor !== null && { TaskActor: actor }),
      ...(tenant != null && { TaskTenant: tenant }),
    },
  };
}
