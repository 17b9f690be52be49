import type { ConnectionOptions } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/**
 * Counts calls to Temporal, by method. Give `interceptor` to a connection:
 *
 *   const calls = new CallCounter();
 *   const connection = await Connection.connect({ address, interceptors: [calls.interceptor] });
 *   const { result, made } = await calls.during(() => service.get(id)); // made: { DescribeWorkflowExecution: 1 }
 */
export class CallCounter {
  readonly #made = new Map<string, number>();

  readonly interceptor: Interceptor = (options, nextCall) => {
    const method = options.method_definition.path.split('/').at(-1) ?? '';
    this.#made.set(method, (this.#made.get(method) ?? 0) + 1);
    // gRPC's type asks for its own class; what the next one answers has all of it.
    return nextCall(options) as ReturnType<Interceptor>;
  };

  /** Since the beginning. */
  get made(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#made);
  }

  get total(): number {
    return [...this.#made.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What is made while this runs, by whoever. */
  async during<R>(
    act: () => Promise<R>,
  ): Promise<{ readonly result: R; readonly made: Readonly<Record<string, number>> }> {
    const before = new Map(this.#made);
    const result = await act();
    const since = [...this.#made]
      .map(([method, count]) => [method, count - (before.get(method) ?? 0)] as const)
      .filter(([, count]) => count > 0);
    return { result, made: Object.fromEntries(since) };
  }
}
