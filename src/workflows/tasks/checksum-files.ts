import { z } from 'zod';
import type { Activities } from '../../activities/index.ts';
import { defineTask } from '../define-task.ts';
import { proxyCheckpoints } from '../proxy-checkpoints.ts';

const { checksumFolder } = proxyCheckpoints<Activities>();

export const checksumFiles = defineTask({
  id: 'checksumFiles',
  title: 'Checksum files',
  description: 'Writes a SHA-256 manifest of every file in a folder.',
  input: z.object({ folder: z.string().min(1).describe('A folder inside the data root') }),
  output: z.object({ files: z.number().int(), bytes: z.number(), manifest: z.string() }),
  examples: [{ folder: 'photos' }],
  run: ({ folder }) => checksumFolder(folder),
});
