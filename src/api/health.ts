import type { FastifyInstance } from 'fastify';

export interface HealthOptions {
  /** Resolves when what the gateway needs can be reached, rejects when not, and settles within the deadline. */
  readonly ready: (options: { readonly deadline: number }) => Promise<unknown>;
  /** Milliseconds that `ready` may take. */
  readonly deadline?: number;
}

/** `/healthz`: this process answers. `/readyz`: it can do its work; 503 as soon as the application begins to close. */
export async function health(
  app: FastifyInstance,
  { ready, deadline = 2000 }: HealthOptions,
): Promise<void> {
  let stopping = false;
  let asked: Promise<string | null> | null = null;

  app.addHook('preClose', async () => {
    stopping = true;
  });
  const quiet = { logLevel: 'warn' } as const;
  app.get('/healthz', quiet, async () => ({ status: 'ok' }));
  app.get('/readyz', quiet, async (request, reply) => {
    if (stopping) return reply.code(503).send({ status: 'stopping' });
    // One question at a time, however many ask.
    asked ??= ask().finally(() => {
      asked = null;
    });
    const trouble = await asked;
    if (trouble === null) return { status: 'ready' };
    request.log.warn({ err: trouble }, 'Not ready');
    return reply.code(503).send({ status: 'unavailable' });
  });

  async function ask(): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${deadline} ms`)), deadline);
    });
    try {
      await Promise.race([ready({ deadline }), late]);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
