import type { LogLine } from '../../../contract/wire/run-log.ts';
import type { TaskRun } from '../../../contract/task-run.ts';
import type { LogRecord } from './log-records.ts';
import type { Operator, Value } from './operators.ts';
import { changedOn, executionNameOf, identityOf, iterationsOf, savedOn, typeOf } from './rows.ts';
import { WORDS } from '../words.ts';

/** A field that can be filtered and, mostly, sorted by. */
export interface Field<Row> {
  readonly kind: Kind;
  readonly of: (row: Row) => Value;
  /** What every row has that there will ever be. */
  readonly constant?: { readonly value: Value } | undefined;
}
export type Fields<Row> = Readonly<Record<string, Field<Row>>>;
export type Kind = keyof typeof OPERATORS_OF;

/** What a key of a `where` input takes; a holed list may hold nulls. */
export interface Operand {
  readonly scalar: 'ID' | 'String' | 'DateTime' | 'Number';
  readonly list?: 'full' | 'holed';
}
const one = (scalar: Operand['scalar']): Operand => ({ scalar });
const full = (scalar: Operand['scalar']): Operand => ({ scalar, list: 'full' });
const holed = (scalar: Operand['scalar']): Operand => ({ scalar, list: 'holed' });

/** Operators of each kind of field, by their operand. */
const OPERATORS_OF = {
  id: [
    [one('ID'), 'eq', 'not'],
    [full('ID'), 'in', 'not_in'],
  ],
  text: [
    [one('String'), 'eq', 'not', 'contains', 'not_contains', 'startsWith', 'not_startsWith'],
    [holed('String'), 'in', 'not_in'],
  ],
  number: [
    [one('Number'), 'eq', 'not', 'lt', 'lte', 'gt', 'gte'],
    [holed('Number'), 'in', 'not_in'],
    [full('Number'), 'between', 'not_between'],
  ],
  dateTime: [
    [one('DateTime'), 'eq', 'not', 'lt', 'lte', 'gt', 'gte'],
    [holed('DateTime'), 'in', 'not_in'],
  ],
  // Facts of the entry that holds a run in the system whose API this is.
  entryId: [
    [one('String'), 'eq', 'not'],
    [full('String'), 'in', 'not_in'],
  ],
  entryStatus: [
    [one('String'), 'eq', 'not'],
    [full('String'), 'in', 'not_in'],
  ],
  entryDate: [
    [one('DateTime'), 'eq', 'gt', 'gte', 'lt', 'lte'],
    [full('DateTime'), 'between', 'not_between'],
  ],
  entryIdentity: [
    [one('ID'), 'eq', 'not'],
    [full('ID'), 'in', 'not_in'],
  ],
} as const satisfies Record<string, readonly (readonly [Operand, ...Operator[]])[]>;

/** The keys of a `where` input over these fields. */
export interface WhereKey<Row> {
  readonly name: string;
  readonly field: string;
  readonly operator: Operator;
  readonly operand: Operand;
  readonly of: Field<Row>['of'];
  readonly constant: Field<Row>['constant'];
}
export const whereKeys = <Row>(fields: Fields<Row>): readonly WhereKey<Row>[] =>
  Object.entries(fields).flatMap(([field, { kind, of, constant }]) =>
    OPERATORS_OF[kind].flatMap(([operand, ...operators]) =>
      operators.map((operator) => ({
        name: operator === 'eq' ? field : `${field}_${operator}`,
        field,
        operator,
        operand,
        of,
        constant,
      })),
    ),
  );

/** When and by whom an entry was made, as far as that can happen to a run. */
interface EntryFacts<Row> {
  readonly id: (row: Row) => string;
  readonly createdOn: (row: Row) => Date;
  readonly modifiedOn: (row: Row) => Date | null;
  readonly savedOn: (row: Row) => Date;
  readonly createdBy: (row: Row) => string;
}

function entryFields<Row>({
  id,
  createdOn,
  modifiedOn,
  savedOn,
  createdBy,
}: EntryFacts<Row>): Fields<Row> {
  const dates: Readonly<Record<string, Field<Row>['of'] | null>> = {
    created: (row) => toMillis(createdOn(row)),
    modified: (row) => toMillis(modifiedOn(row)),
    saved: (row) => toMillis(savedOn(row)),
    deleted: null,
    restored: null,
    firstPublished: null,
    lastPublished: null,
  };
  const identities: Readonly<Record<string, Field<Row>['of'] | null>> = {
    ...Object.fromEntries(Object.keys(dates).map((name) => [name, null])),
    created: createdBy,
    saved: createdBy,
  };
  const facts = (
    suffix: string,
    kind: Kind,
    of: Readonly<Record<string, Field<Row>['of'] | null>>,
  ): Fields<Row> =>
    Object.fromEntries(
      ['', 'revision'].flatMap((prefix) =>
        Object.entries(of).map(([name, value]) => [
          prefix === '' ? name + suffix : prefix + capitalised(name) + suffix,
          value ? { kind, of: value } : constantly(kind, null),
        ]),
      ),
    );
  return {
    id: { kind: 'id', of: id },
    entryId: { kind: 'entryId', of: id },
    ...facts('On', 'entryDate', dates),
    ...facts('By', 'entryIdentity', identities),
    // A run's own status is another field: entries of runs are never published.
    status: constantly('entryStatus', 'draft'),
  };
}

const constantly = (kind: Kind, value: Value) => ({ kind, of: () => value, constant: { value } });
const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const toMillis = (date: Date | null): number | null => date?.getTime() ?? null;

const OWN_TASK_FIELDS: Fields<TaskRun> = {
  name: { kind: 'text', of: ({ name }) => name },
  definitionId: { kind: 'text', of: ({ definition }) => definition },
  parentId: { kind: 'text', of: ({ parent }) => parent },
  executionName: { kind: 'text', of: executionNameOf },
  taskStatus: { kind: 'text', of: ({ status }) => WORDS[status] },
  iterations: { kind: 'number', of: iterationsOf },
  startedOn: { kind: 'dateTime', of: ({ startedAt }) => toMillis(startedAt) },
  finishedOn: { kind: 'dateTime', of: ({ finishedAt }) => toMillis(finishedAt) },
};
export const TASK_FIELDS: Fields<TaskRun> = {
  ...entryFields<TaskRun>({
    id: ({ id }) => id,
    createdOn: ({ createdAt }) => createdAt,
    modifiedOn: changedOn,
    savedOn,
    createdBy: (run) => identityOf(run).id,
  }),
  ...OWN_TASK_FIELDS,
};

const OWN_LOG_FIELDS: Fields<LogRecord> = {
  executionName: { kind: 'text', of: ({ run }) => executionNameOf(run) },
  task: { kind: 'text', of: ({ run }) => run.id },
  iteration: { kind: 'number', of: ({ iteration }) => iteration },
};
export const LOG_FIELDS: Fields<LogRecord> = {
  ...entryFields<LogRecord>({
    id: ({ id }) => id,
    createdOn: ({ createdOn }) => createdOn,
    modifiedOn: ({ lines }) => lines.at(-1)?.time ?? null,
    savedOn: ({ lines, createdOn }) => lines.at(-1)?.time ?? createdOn,
    createdBy: ({ run }) => identityOf(run).id,
  }),
  ...OWN_LOG_FIELDS,
};

export const ITEM_FIELDS: Fields<LogLine> = {
  message: { kind: 'text', of: ({ message }) => message },
  createdOn: { kind: 'dateTime', of: ({ time }) => time.getTime() },
  type: { kind: 'text', of: typeOf },
};

/** Values of a sorter: entry facts first, then a model's own fields in the spellings of both releases. */
export function sorters<Row>(fields: Fields<Row>): readonly string[] {
  const entry = Object.entries(fields)
    .filter(([name, { kind }]) => name === 'id' || kind === 'entryDate')
    .map(([name]) => name);
  const own = Object.keys(fields).filter(
    (name) => name in OWN_TASK_FIELDS || name in OWN_LOG_FIELDS,
  );
  return [...entry, ...own, ...own.map((name) => `values_${name}`)].flatMap((name) => [
    `${name}_ASC`,
    `${name}_DESC`,
  ]);
}
