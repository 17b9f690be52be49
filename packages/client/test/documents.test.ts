import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { generateDocuments } from '../../../scripts/documents.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test('the documents fit the schema, and are as they were generated', async () => {
  const module = await generateDocuments(at('../../../schema.graphql'), at('../src/documents'));
  await expect(module).toMatchFileSnapshot('../src/documents/generated.ts');
});
