// The hooks in a document, over a gateway with tasks in memory.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Window } from 'happy-dom';
import { StrictMode, useState } from 'react';
import type { ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../../test/support/whole.ts';
import {
  useAbort,
  useConnection,
  useRun,
  useRunLog,
  useRuns,
  useTrigger,
  WaymarkProvider,
} from '../src/react/react-door.ts';
import { begunRun, clientOf, cuttable, fakeTasks, serve } from './support.ts';
import type { Client, Fake } from './support.ts';

declare module '../src/react/react-door.ts' {
  interface Register {
    tasks: typeof import('../../../test/api/support/app.ts').tasks;
  }
}

let createRoot: typeof import('react-dom/client').createRoot;
beforeAll(async () => {
  const window = new Window({ url: 'http://localhost/' });
  const { document, navigator } = window;
  for (const [name, value] of Object.entries({ window, document, navigator }))
    Object.defineProperty(globalThis, name, { value, configurable: true });
  // It looks for a document when it is loaded.
  ({ createRoot } = await import('react-dom/client'));
});

const roots = new Set<{ unmount: () => void }>();
afterEach(() => {
  for (const root of roots) root.unmount();
  roots.clear();
});

interface Page {
  readonly text: () => string;
  readonly show: (children: ReactNode) => void;
  readonly leave: () => void;
  readonly click: (name: string) => void;
}

function open(client: Client, children: ReactNode): Page {
  const element = document.createElement('div');
  const root = createRoot(element);
  roots.add(root);
  const show = (shown: ReactNode): void =>
    root.render(<WaymarkProvider value={client}>{shown}</WaymarkProvider>);
  document.body.append(element);
  show(children);
  return {
    text: () => element.textContent,
    show,
    leave: () => {
      roots.delete(root);
      root.unmount();
    },
    click: (name) =>
      [...element.querySelectorAll('button')].find((one) => one.textContent === name)?.click(),
  };
}

interface World {
  readonly service: Fake;
  readonly client: Client;
  readonly connections: () => number;
}
async function world(): Promise<World> {
  const service = fakeTasks();
  const between = await cuttable((await serve(service)).address);
  return { service, client: clientOf(between.address), connections: between.made };
}

function Bar({ id, onEnd }: { readonly id: string; readonly onEnd?: () => void }): ReactNode {
  const { run, error, isOver } = useRun(id, { onEnd });
  if (error) return <p>{error.message}</p>;
  const { status, progress, output } = run ?? {};
  return (
    <p>
      {status ?? 'nothing'} {progress?.done} {isOver ? `over ${JSON.stringify(output)}` : ''}
    </p>
  );
}

function Log({ id, keep }: { readonly id: string; readonly keep?: number }): ReactNode {
  const { lines, forgotten, status } = useRunLog(id, { keep });
  return (
    <p>
      {lines.map(({ message }) => message).join()} {forgotten} {status}
    </p>
  );
}

test('components that follow the same run share one subscription, until its end', async () => {
  const { service, client, connections } = await world();
  const id = await begunRun(service);
  const page = open(
    client,
    <>
      <Bar id={id} />
      <Bar id={id} />
      <Log id={id} />
      <Log id={id} />
    </>,
  );
  await eventually(() => expect(page.text().match(/RUNNING/g)).toHaveLength(2));
  service.progress(id, { done: 7 });
  service.log(id, { message: 'one' });
  await eventually(() => expect(page.text().match(/RUNNING 7/g)).toHaveLength(2));
  await eventually(() => expect(page.text().match(/,one/g)).toHaveLength(2));
  service.succeed(id, { pages: 3 });
  await eventually(() => expect(page.text().match(/over \{"pages":3\}/g)).toHaveLength(2));
  await eventually(() => expect(page.text().match(/SUCCEEDED/g)).toHaveLength(4));
  expect(service.calls).toMatchObject({ watch: 1, tail: 1 });
  expect(connections()).toBe(1);
});

test('an effect that runs twice is one subscription', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  let ends = 0;
  const page = open(
    client,
    <StrictMode>
      <Bar id={id} onEnd={() => ends++} />
    </StrictMode>,
  );
  await eventually(() => expect(page.text()).toContain('RUNNING'));
  expect(service.calls).toMatchObject({ watch: 1 });
  service.succeed(id, null);
  await eventually(() => expect(page.text()).toContain('over'));
  expect(ends).toBe(1);
  page.show(
    <StrictMode>
      <Bar id={id} />
    </StrictMode>,
  );
  expect(service.calls).toMatchObject({ watch: 1 });
});

test('a component that comes in the place of another follows on', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  const page = open(client, <Bar key="a" id={id} />);
  await eventually(() => expect(page.text()).toContain('RUNNING'));
  page.show(<Bar key="b" id={id} />);
  await eventually(() => expect(page.text()).toContain('RUNNING'));
  expect(service.calls).toMatchObject({ watch: 1 });
});

test('what is left while it connects is not followed', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  const page = open(client, <Bar id={id} />);
  await eventually(() => expect(client.connection.state).not.toBe('idle'));
  page.leave();
  await eventually(() => expect(client.connection.state).toBe('idle'));
});

test('another id is another run, at once', async () => {
  const { service, client } = await world();
  const [one, other] = [await begunRun(service), await begunRun(service)];
  service.progress(one, { done: 1 });
  service.progress(other, { done: 2 });
  const page = open(client, <Bar id={one} />);
  await eventually(() => expect(page.text()).toContain('RUNNING 1'));
  page.show(<Bar id={other} />);
  await eventually(() => expect(page.text()).not.toContain('RUNNING 1'));
  await eventually(() => expect(page.text()).toContain('RUNNING 2'));
  page.show(<Bar id="nobody" />);
  await eventually(() => expect(page.text()).toContain('There is no task run "nobody"'));
});

test('a server renders without a connection', async () => {
  const { service, client, connections } = await world();
  const id = await begunRun(service);
  const html = renderToString(
    <WaymarkProvider value={client}>
      <Bar id={id} />
      <Log id={id} />
      <List />
      <State />
    </WaymarkProvider>,
  );
  expect(html).toContain('nothing');
  expect(html).toContain('idle');
  expect([connections(), client.connection.state]).toEqual([0, 'idle']);
});

test('a log keeps the newest lines, and says how many it forgot', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  for (let index = 0; index < 20; index++) service.log(id, { message: `${index}` });
  service.succeed(id);
  const page = open(client, <Log id={id} keep={3} />);
  await eventually(() => expect(page.text()).toBe('18,19,Done 19 SUCCEEDED'));
});

function List(): ReactNode {
  const { runs } = useRuns({ status: ['RUNNING'] });
  return <p>{runs.map(({ name }) => name).join()}</p>;
}
function State(): ReactNode {
  return <p>{useConnection().state}</p>;
}

test('a list is live, the newest first', async () => {
  const { service, client } = await world();
  const page = open(
    client,
    <>
      <List />
      <State />
    </>,
  );
  await eventually(() => expect(page.text()).toBe('live'));
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    const { id } = await service.trigger({ definition: 'testingRun', input: {}, name });
    service.start(id);
    service.advance(1000);
    ids.push(id);
  }
  await eventually(() => expect(page.text()).toBe('three,two,onelive'));
  service.succeed(ids[1] ?? '');
  await eventually(() => expect(page.text()).toBe('three,onelive'));
});

function Form(): ReactNode {
  const [model, setModel] = useState('');
  const { trigger, issueAt, isPending, run, error } = useTrigger('importPages');
  return (
    <>
      <button onClick={() => setModel('articles')}>fill</button>
      <button onClick={() => void trigger({ model, amount: 1 })}>go</button>
      <p>
        {issueAt('model')} {isPending ? 'pending' : run?.definition} {error?.message}
      </p>
    </>
  );
}

function Wrong(): ReactNode {
  const { trigger, error } = useTrigger('importPages');
  const go = () => void trigger({ model: 'a', amount: 1 }, { priority: 9 });
  return <button onClick={go}>{error ? 'refused' : 'go'}</button>;
}

describe('a form', () => {
  test('gets what is wrong by its fields, and a double click is one run', async () => {
    const { service, client } = await world();
    const page = open(client, <Form />);
    await eventually(() => expect(page.text()).toContain('go'));
    page.click('go');
    await eventually(() => expect(page.text()).toContain('Too small'));
    page.click('fill');
    await eventually(() => expect(page.text()).toContain('go'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    page.click('go');
    page.click('go');
    await eventually(() => expect(page.text()).toContain('importPages'));
    expect(page.text()).not.toContain('Too small');
    expect(await service.count()).toBe(1);
  });

  test('is told of what is no fault of a field', async () => {
    const { client } = await world();
    const page = open(client, <Wrong />);
    await eventually(() => expect(page.text()).toBe('go'));
    page.click('go');
    await eventually(() => expect(page.text()).toBe('refused'));
  });
});

test('the progress bar of the docs shows how far a run is, and why it failed', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  const [, text = ''] =
    /```tsx\n\/\/ progress-bar\.tsx\n(.*?)```/s.exec(
      await readFile(new URL('../../../docs/frontend.md', import.meta.url), 'utf8'),
    ) ?? [];
  expect(text.trim().split('\n').length).toBeLessThanOrEqual(24);
  const folder = await mkdtemp(fileURLToPath(new URL('.docs-', import.meta.url)));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(`${folder}/progress-bar.tsx`, text);
  const { ProgressBar } = (await import(`${folder}/progress-bar.tsx`)) as {
    ProgressBar: (props: { readonly id: string }) => ReactNode;
  };
  const page = open(client, <ProgressBar id={id} />);
  await eventually(() => expect(page.text()).toBe('RUNNING'));
  service.progress(id, { done: 3, total: 4, message: 'Pages' });
  await eventually(() => expect(page.text()).toBe('Pages'));
  const bar = document.querySelector('progress');
  expect([bar?.getAttribute('value'), bar?.getAttribute('max')]).toEqual(['3', '4']);
  service.fail(id, { code: 'Refused', message: 'No paper' });
  await eventually(() => expect(page.text()).toBe('No paper'));
});

test('an abort tells what came of it', async () => {
  const { service, client } = await world();
  const id = await begunRun(service);
  function Stop(): ReactNode {
    const { abort, result } = useAbort(id);
    return (
      <button onClick={() => void abort({ reason: 'Wrong' })}>{result?.outcome ?? 'go'}</button>
    );
  }
  const page = open(client, <Stop />);
  await eventually(() => expect(page.text()).toBe('go'));
  page.click('go');
  await eventually(() => expect(page.text()).toBe('ABORTING'));
  const { run } = await service.abort({ id });
  expect(await service.outcome(run)).toMatchObject({ abort: { reason: 'Wrong' } });
});
