import type { TestServer, TestServerOptions } from './test-server.ts';

/** A real Temporal for whole tests, on a port that is free. Resolves when it takes calls; start one for many tests. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  // Here, because tests of other things need not wait for a second until all of it is loaded.
  const { openTestServer } = await import('./open-test-server.ts');
  return openTestServer(options);
}
