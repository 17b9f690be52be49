import {
  createSourceEventStream,
  execute,
  getOperationAST,
  Kind,
  subscribe,
  visit,
  BREAK,
} from 'graphql';
import type { DocumentNode, ExecutionArgs, ExecutionResult, FieldNode } from 'graphql';

export type Results = AsyncGenerator<ExecutionResult, void, void>;

/**
 * GraphQL's `subscribe`. Where all viewers of an event see the same of it, its result is made once for each document,
 * however many they are: most of what a delivery costs.
 */
export async function follow(args: ExecutionArgs): Promise<Results | ExecutionResult> {
  if (!isSameForAll(args)) return await subscribe(args);
  const events = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in events)) return events;
  return mapped(events[Symbol.asyncIterator](), (event) => shared(event, args));
}

const RESULTS = new WeakMap<object, WeakMap<DocumentNode, ReturnType<typeof execute>>>();

function shared(event: unknown, args: ExecutionArgs): ReturnType<typeof execute> {
  if (typeof event !== 'object' || event === null) return resultOf(event, args);
  let results = RESULTS.get(event);
  if (!results) RESULTS.set(event, (results = new WeakMap()));
  let result = results.get(args.document);
  if (!result) results.set(args.document, (result = resultOf(event, args)));
  return result;
}

const resultOf = (event: unknown, args: ExecutionArgs): ReturnType<typeof execute> =>
  execute({ ...args, rootValue: event });

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
  toResult: (event: T) => ExecutionResult | PromiseLike<ExecutionResult>,
): Results {
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    await events.return?.();
    return DONE;
  };
  return {
    next: async () => {
      const event = await events.next();
      if (event.done === true) return DONE;
      const result = toResult(event.value);
      return { done: false, value: isPromise(result) ? await result : result };
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

const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof value === 'object' && value !== null && 'then' in value;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
