// A gateway over tasks in memory, and ways to ask it.
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { z } from 'zod';
import { gateway, type GatewayOptions } from '../../../src/api/gateway.ts';
import { backgroundTasks } from '../../../src/api/webiny/background-tasks.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { defineTask } from '../../../src/workflows/define-task.ts';

const never = async (): Promise<never> => {
  throw new Error('A fake runs no task');
};
export const tasks = {
  testingRun: defineTask({
    id: 'testingRun',
    title: 'Testing run',
    description: 'Takes any input.',
    input: z.unknown(),
    run: never,
  }),
  importPages: defineTask({
    id: 'importPages',
    title: 'Import pages',
    description: 'Imports pages.',
    input: z.object({ model: z.string().min(1).describe('Of the pages'), amount: z.number() }),
    run: never,
  }),
  sweepFiles: defineTask({
    id: 'sweepFiles',
    title: 'Sweep files',
    private: true,
    input: z.object({}),
    run: never,
  }),
};

export interface Answer {
  readonly status: number;
  readonly body: any;
}
export interface TestGateway {
  readonly app: FastifyInstance;
  readonly service: FakeTasks<typeof tasks>;
  readonly post: (query: string, variables?: object) => Promise<Answer>;
  /** `data.backgroundTasks` of a query that must not have errors. */
  readonly ask: (query: string, variables?: object) => Promise<any>;
}

export async function testGateway(
  options: Partial<GatewayOptions> = {},
  server: FastifyServerOptions = {},
): Promise<TestGateway> {
  const service = new FakeTasks({ tasks });
  const app = Fastify(server);
  await app.register(gateway, {
    service,
    graphiql: false,
    extensions: [backgroundTasks],
    ...options,
  });
  const post = async (query: string, variables?: object): Promise<Answer> => {
    const reply = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query, variables },
    });
    return { status: reply.statusCode, body: reply.json() };
  };
  const ask = async (query: string, variables?: object): Promise<any> => {
    const { body } = await post(query, variables);
    if (body.errors) throw new Error(JSON.stringify(body.errors));
    return body.data.backgroundTasks;
  };
  return { app, service, post, ask };
}
