import { createSourceEventStream, execute, getOperationAST, Kind, visit, BREAK } from 'graphql';
import type { DocumentNode, ExecutionArgs, ExecutionResult, FieldNode } from 'graphql';
import type { GatewayContext } from '../schema/kit/context.ts';

export type Results = AsyncGenerator<ExecutionResult, void, void>;

/** What is executed: for one operation of a caller. */
export interface OperationArgs extends ExecutionArgs {
  readonly contextValue: GatewayContext;
}

/** GraphQL's `execute`, of an operation that has nothing more to read when its result is there. */
export async function executeOnce(args: OperationArgs): Promise<ExecutionResult> {
  const { operation } = args.contextValue;
  try {
    const result = await execute(args);
    await operation.turn();
    return result;
  } finally {
    operation.close();
  }
}

/**
 * GraphQL's `subscribe`, each event an operation of its own. Where all viewers of an event see the same of it, its result is made once for each document,
 * however many they are: most of what a delivery costs.
 */
export async function follow(args: OperationArgs): Promise<Results | ExecutionResult> {
  const { operation } = args.contextValue;
  const events = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in events)) {
    operation.close();
    return events;
  }
  const toResult = isSameForAll(args) ? shared : resultOf;
  return mapped(
    events[Symbol.asyncIterator](),
    (event) => toResult(event, args),
    () => operation.close(),
  );
}

const RESULTS = new WeakMap<object, WeakMap<DocumentNode, Promise<ExecutionResult>>>();

function shared(event: unknown, args: OperationArgs): Promise<ExecutionResult> {
  if (typeof event !== 'object' || event === null) return resultOf(event, args);
  let results = RESULTS.get(event);
  if (!results) RESULTS.set(event, (results = new WeakMap()));
  let result = results.get(args.document);
  if (!result) results.set(args.document, (result = resultOf(event, args)));
  return result;
}

const resultOf = (event: unknown, args: OperationArgs): Promise<ExecutionResult> =>
  executeOnce({ ...args, rootValue: event, contextValue: args.contextValue.next() });

/** The field says so, and nothing that is selected of it depends on variables. */
function isSameForAll({ document, schema, operationName }: ExecutionArgs): boolean {
  const known = SAME_FOR_ALL.get(document);
  if (known !== undefined) return known;
  const [field, ...more] = getOperationAST(document, operationName)?.selectionSet.selections ?? [];
  const same =
    field?.kind === Kind.FIELD &&
    more.length === 0 &&
    document.definitions.length === 1 &&
    schema.getSubscriptionType()?.getFields()[field.name.value]?.extensions['sameForAll'] ===
      true &&
    !dependsOnVariables(field);
  SAME_FOR_ALL.set(document, same);
  return same;
}
const SAME_FOR_ALL = new WeakMap<DocumentNode, boolean>();

function dependsOnVariables({ selectionSet, directives = [] }: FieldNode): boolean {
  let found = directives.length > 0;
  if (selectionSet)
    visit(selectionSet, {
      Variable: () => {
        found = true;
        return BREAK;
      },
    });
  return found;
}

function mapped<T>(
  events: AsyncIterator<T>,
  toResult: (event: T) => Promise<ExecutionResult>,
  over: () => void,
): Results {
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    over();
    await events.return?.();
    return DONE;
  };
  const nextEvent = async (): Promise<IteratorResult<T>> => {
    try {
      const event = await events.next();
      if (event.done === true) over();
      return event;
    } catch (error) {
      over();
      throw error;
    }
  };
  return {
    next: async () => {
      const event = await nextEvent();
      if (event.done === true) return DONE;
      return { done: false, value: await toResult(event.value) };
    },
    return: end,
    throw: async (error) => {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
