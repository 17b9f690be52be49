import { describe } from 'vitest';
import { serveContract } from './serve-contract.ts';
import { testTasks } from './tasks.contract.ts';

describe('TaskService is a Tasks', () => {
  testTasks(async () => {
    const served = await serveContract();
    return { ...served, as: (caller) => served.home.as(caller), lacks: new Set() };
  });
});
