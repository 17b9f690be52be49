import { chosenFields } from '../../contract/rules/run-filter.ts';
import type { TaskRunFilter } from '../../contract/tasks.ts';
import { canonicalJson } from '../../tools/canonical-json.ts';

/** Equal for filters that mean the same. */
export function filterSignature(filter: TaskRunFilter): string {
  const fields = chosenFields(filter).map((field) => {
    const value = field === 'where' ? filter.where?.signature : filter[field];
    return [field, Array.isArray(value) ? value.map(String).toSorted(byText) : value];
  });
  return canonicalJson(Object.fromEntries(fields));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
