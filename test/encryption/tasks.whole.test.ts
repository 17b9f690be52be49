import { describe } from 'vitest';
import { encryption } from '../../src/encryption/encryption.ts';
import { serveContract } from '../testing/serve-contract.ts';
import { testTasks } from '../testing/tasks.contract.ts';

describe('TaskService is a Tasks over encrypted runs', () => {
  testTasks(async () => {
    const keys = [{ id: 'k1', key: Buffer.alloc(32, 1) }];
    const served = await serveContract({ dataConverter: encryption({ keys }) });
    return { ...served, as: (caller) => served.home.as(caller), lacks: new Set() };
  });
});
