import type { KeyedRequest } from '../rules/keyed-request.ts';
import { MEMO } from './messages.ts';
import { wordsOf } from '../../tools/words-of.ts';

/** What Temporal indexes of a run beside its own fields: names and Temporal's types. */
export const SEARCH_ATTRIBUTES = {
  TaskName: 'Keyword',
  /** The words of the name, as `wordsOf` spells them. */
  TaskWords: 'Text',
  TaskTags: 'KeywordList',
  TaskParent: 'Keyword',
  TaskRerunOf: 'Keyword',
  TaskActor: 'Keyword',
  TaskIteration: 'Int',
  /** Set by the workflow when an abort arrives: `<when its grace ends, ISO>`. */
  TaskAbort: 'Keyword',
} as const;
export type SearchAttribute = keyof typeof SEARCH_ATTRIBUTES;

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
}

export interface RunFields {
  readonly name: string;
  readonly actor: string | null;
  readonly input: unknown;
  readonly tags?: readonly string[];
  readonly parent?: string | undefined;
  readonly rerunOf?: string | undefined;
  readonly keyed?: KeyedRequest | undefined;
}

const INPUT_IN_MEMO = 1024;

/** Memo and search attributes of a new run: the service and a parent workflow write the same. */
export function toRunFields({ name, actor, input, tags = [], parent, rerunOf, keyed }: RunFields): {
  readonly memo: { readonly [MEMO]: RunMemo };
  readonly searchAttributes: Readonly<
    Partial<Record<SearchAttribute, string | number | readonly string[]>>
  >;
} {
  // `undefined` has no JSON, whatever the types say.
  const json = (JSON.stringify(input) as string | undefined) ?? 'null';
  const words = wordsOf(name).join(' ');
  return {
    memo: {
      [MEMO]: {
        v: 1,
        name,
        actor,
        ...(utf8Length(json) <= INPUT_IN_MEMO && { input }),
        ...(keyed?.given !== undefined && { keyed: keyed.given }),
        ...(keyed?.read !== undefined && { keyedRead: keyed.read }),
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
      ...(actor !== null && { TaskActor: actor }),
    },
  };
}

/** Bytes of a text in UTF-8; the sandbox has no encoder to ask. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_00_00 ? 3 : 4;
  }
  return bytes;
}
