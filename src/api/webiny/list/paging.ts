import { ContractError } from '../contract-error.ts';

/** What list fields take. */
export interface ListArguments {
  readonly where?: Readonly<Record<string, unknown>> | null | undefined;
  readonly sort?: readonly string[] | null | undefined;
  readonly limit?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly search?: string | null | undefined;
}

export interface ListPage<Row> {
  readonly items: readonly Row[];
  readonly meta: {
    /** Null on the last page. */
    readonly cursor: string | null;
    readonly hasMoreItems: boolean;
    readonly totalCount: number;
  };
}

const USUAL = 50;
export const MAX_ROWS = 1000;
/** Rows of a page that has the logs of as many runs: a call or two each. */
export const MAX_LOGS = 250;

/** Rows of a page: 50 when nothing useful was asked for, `max` at most; `hasMoreItems` tells of the rest. */
export const pageSize = (limit: number | null | undefined, max = MAX_ROWS): number =>
  limit === null || limit === undefined || !(limit >= 1) ? USUAL : Math.min(Math.floor(limit), max);

export interface Sort {
  readonly field: string;
  readonly direction: 'ASC' | 'DESC';
}

/** Newest first unless something else was asked for. */
export function toSort(sort: readonly string[] | null | undefined): Sort {
  const [one = 'createdOn_DESC', ...rest] = sort ?? [];
  if (rest.length > 0)
    throw new ContractError('SORT_MULTIPLE_FIELDS_ERROR', 'Sorting is limited to a single field.');
  const descending = one.endsWith('_DESC');
  return {
    field: one.replace(/^values_/, '').replace(/_(?:ASC|DESC)$/, ''),
    direction: descending ? 'DESC' : 'ASC',
  };
}

/** Compares by one value of each row; rows without it come last in both directions. */
export function compareBy<Row>(
  of: (row: Row) => string | number | null,
  direction: Sort['direction'],
): (one: Row, other: Row) => number {
  return (one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b === (direction === 'ASC') ? -1 : 1;
  };
}
