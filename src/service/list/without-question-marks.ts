import type { TaskRunFilter } from '../../contract/tasks.ts';

/**
 * A filter as far as it can be asked for on every store of Temporal's. PostgreSQL's takes each `?` for a parameter,
 * also inside a literal, and fails. What is asked lets through all that the filter does; `sifted` are the fields of
 * which it lets through more. Its lists may still hold a `?`, behind a beginning that can be asked for.
 */
export function withoutQuestionMarks(filter: TaskRunFilter): {
  readonly asked: TaskRunFilter;
  readonly sifted: TaskRunFilter;
} {
  const asked = { ...filter };
  const sifted: { -readonly [F in keyof TaskRunFilter]: TaskRunFilter[F] } = {};
  for (const field of WIDER_WITH_FEWER) {
    const values = filter[field];
    if (!values || values.every(isAskable)) continue;
    sifted[field] = values;
    asked[field] = nonEmpty(values.filter(isAskable));
  }
  for (const field of NARROWER_WITH_FEWER) {
    const values = filter[field];
    if (!values || values.every(isAskable)) continue;
    sifted[field] = values;
    // Temporal finds no beginnings in a list of keywords.
    if (field === 'tagsAny' || values.some((value) => beginningOf(value) === ''))
      asked[field] = undefined;
  }
  if (filter.namePrefix !== undefined && !isAskable(filter.namePrefix)) {
    sifted.namePrefix = filter.namePrefix;
    asked.namePrefix = beginningOf(filter.namePrefix) || undefined;
  }
  return { asked, sifted };
}

export const isAskable = (value: string): boolean => !value.includes('?');

/** What a value that cannot be asked for begins with. Without a space at its end, which no literal has. */
export const beginningOf = (value: string): string => value.slice(0, value.indexOf('?')).trimEnd();

const WIDER_WITH_FEWER = [
  'idsNot',
  'definitionNot',
  'tagsAll',
  'tagsNone',
  'parentNot',
  'actorNot',
  'nameNot',
] as const;
const NARROWER_WITH_FEWER = [
  'ids',
  'definition',
  'tagsAny',
  'parent',
  'actor',
  'name',
  'rerunOf',
] as const;

const nonEmpty = (values: readonly string[]): readonly string[] | undefined =>
  values.length > 0 ? values : undefined;
