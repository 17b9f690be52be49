import { workflowInfo } from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import { MEMO } from '../contract/wire/messages.ts';
import type { RunMemo, SearchAttribute } from '../contract/wire/run-fields.ts';
import { SEARCH_ATTRIBUTES, isRunMemo } from '../contract/wire/run-fields.ts';

/** What whoever started this run noted of it; nothing for a run that was started around the service. */
export function runMemo(): RunMemo | undefined {
  const memo = workflowInfo().memo?.[MEMO];
  return isRunMemo(memo) ? memo : undefined;
}

const TYPES = {
  Keyword: 'KEYWORD',
  Text: 'TEXT',
  KeywordList: 'KEYWORD_LIST',
  Int: 'INT',
} as const;

/** Search attributes as workflow code hands them to Temporal. */
export const toSearchAttributePairs = (
  values: Readonly<Partial<Record<SearchAttribute, string | number | readonly string[]>>>,
): SearchAttributePair[] =>
  Object.entries(values).map(
    ([name, value]) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- which value goes with which type is for `toRunFields` to know
      ({ key: { name, type: typeOf(name) }, value }) as SearchAttributePair,
  );

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Object.entries` widens the names
const typeOf = (name: string) => TYPES[SEARCH_ATTRIBUTES[name as SearchAttribute]];
