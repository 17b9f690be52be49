import { type GraphQLEnumType, type GraphQLInputObjectType, printType } from 'graphql';
import { expect, test } from 'vitest';
import { createSchema } from '../../../src/api/create-schema.ts';
import { backgroundTasks } from '../../../src/api/webiny/background-tasks.ts';
import { FakeTasks } from '../../../src/testing/fake-tasks.ts';
import { tasks } from '../support/app.ts';

const definitions = new FakeTasks({ tasks }).as({ name: 'ann', publicOnly: true }).definitions();
const schema = createSchema({
  definitions,
  extend: (builder) => backgroundTasks(builder, { definitions, log: console }),
});
const keysOf = (name: string) =>
  Object.keys((schema.getType(name) as GraphQLInputObjectType).getFields());
const fieldsOf = (name: string) => (schema.getType(name) as GraphQLInputObjectType).getFields();
const sdl = (name: string) => {
  const type = schema.getType(name);
  return type
    ? printType(type)
        .replaceAll(/\s*"""[^]*?"""\n/g, '\n')
        .trim()
    : undefined;
};
const isEntryId = (key: string) => key.startsWith('entryId');
const ENTRY_DATES = [
  'created',
  'modified',
  'saved',
  'deleted',
  'restored',
  'firstPublished',
  'lastPublished',
  'revisionCreated',
  'revisionModified',
  'revisionSaved',
  'revisionDeleted',
  'revisionRestored',
  'revisionFirstPublished',
  'revisionLastPublished',
];

test.each([
  ['WebinyBackgroundTaskListWhereInput', 228, 4],
  ['WebinyBackgroundTaskLogListWhereInput', 189, 4],
  ['WebinyTaskLog_ItemsWhereInput', 24, 0],
])('%s has the %i keys of release 5 and the %i of release 6', (name, five, six) => {
  const keys = keysOf(name);
  expect(keys.filter((key) => !isEntryId(key))).toHaveLength(five);
  expect(keys.filter(isEntryId)).toHaveLength(six);
});

test.each(['WebinyBackgroundTaskListWhereInput', 'WebinyBackgroundTaskLogListWhereInput'])(
  '%s has the keys of an entry',
  (name) => {
    const fields = fieldsOf(name);
    const types = (keys: Record<string, string>) =>
      expect(
        Object.fromEntries(Object.keys(keys).map((key) => [key, String(fields[key]?.type)])),
      ).toEqual(keys);
    types({ id: 'ID', id_not: 'ID', id_in: '[ID!]', id_not_in: '[ID!]' });
    types({ entryId: 'String', entryId_not: 'String' });
    types({ entryId_in: '[String!]', entryId_not_in: '[String!]' });
    types({ status: 'String', status_not: 'String' });
    types({ status_in: '[String!]', status_not_in: '[String!]' });
    for (const entry of ENTRY_DATES) {
      const on = `${entry}On`;
      for (const operator of ['', '_gt', '_gte', '_lt', '_lte'])
        types({ [on + operator]: 'DateTime' });
      types({ [`${on}_between`]: '[DateTime!]', [`${on}_not_between`]: '[DateTime!]' });
      expect(fields).not.toHaveProperty(`${on}_not`);
      const by = `${entry}By`;
      types({ [by]: 'ID', [`${by}_not`]: 'ID' });
      types({ [`${by}_in`]: '[ID!]', [`${by}_not_in`]: '[ID!]' });
    }
  },
);

test('a run is found by its own fields', () => {
  const fields = fieldsOf('WebinyBackgroundTaskListWhereInput');
  for (const name of ['name', 'definitionId', 'parentId', 'executionName', 'taskStatus']) {
    for (const operator of ['', '_not', '_contains', '_not_contains', '_startsWith'])
      expect(String(fields[name + operator]?.type)).toBe('String');
    expect(String(fields[`${name}_not_startsWith`]?.type)).toBe('String');
    expect(String(fields[`${name}_in`]?.type)).toBe('[String]');
    expect(String(fields[`${name}_not_in`]?.type)).toBe('[String]');
  }
  for (const operator of ['', '_not', '_lt', '_lte', '_gt', '_gte']) {
    expect(String(fields[`iterations${operator}`]?.type)).toBe('Number');
    expect(String(fields[`startedOn${operator}`]?.type)).toBe('DateTime');
    expect(String(fields[`finishedOn${operator}`]?.type)).toBe('DateTime');
  }
  expect(String(fields['iterations_in']?.type)).toBe('[Number]');
  expect(String(fields['iterations_between']?.type)).toBe('[Number!]');
  expect(String(fields['startedOn_in']?.type)).toBe('[DateTime]');
  expect(keysOf('WebinyBackgroundTaskListWhereInput').join()).not.toMatch(
    /input|output|eventResponse|startedOn_between|AND|OR/,
  );
});

test.each([
  ['WebinyBackgroundTaskListSorter', 46, 16],
  ['WebinyBackgroundTaskLogListSorter', 36, 6],
])('%s has both spellings', (name, five, six) => {
  const names = (schema.getType(name) as GraphQLEnumType).getValues().map((value) => value.name);
  const added = names.filter((value) => value.startsWith('values_'));
  expect(added).toHaveLength(six);
  expect(names).toHaveLength(five + six);
  expect(names).toEqual(expect.arrayContaining(added.map((value) => value.slice(7))));
  expect(names).toEqual(expect.arrayContaining(['id_ASC', 'revisionLastPublishedOn_DESC']));
});

test('fields, arguments and what may be null', () => {
  expect(sdl('WebinyBackgroundTaskQuery')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskQuery {
      _empty: String
      getSettings: WebinyBackgroundTaskSettingsResponse
      getTask(id: ID!): WebinyBackgroundTaskResponse!
      listDefinitions: WebinyBackgroundTaskListDefinitionsResponse!
      listLogs(
        after: String
        limit: Int
        search: String
        sort: [WebinyBackgroundTaskLogListSorter!]
        where: WebinyBackgroundTaskLogListWhereInput
      ): WebinyBackgroundTaskLogListResponse!
      listTasks(
        after: String
        limit: Int
        search: String
        sort: [WebinyBackgroundTaskListSorter!]
        where: WebinyBackgroundTaskListWhereInput
      ): WebinyBackgroundTaskListResponse!
    }"
  `);
  expect(sdl('WebinyBackgroundTaskMutation')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskMutation {
      _empty: String
      abortTask(id: ID!, message: String): WebinyBackgroundTaskResponse!
      deleteTask(id: ID!): WebinyBackgroundTaskDeleteResponse!
      triggerTask(definition: WebinyBackgroundTaskDefinitionEnum!, delay: Number, input: JSON, name: String): WebinyBackgroundTaskTriggerResponse!
      updateSettings(input: UpdateBackgroundTaskSettingsInput!): WebinyBackgroundTaskSettingsResponse
    }"
  `);
  expect(sdl('WebinyBackgroundTask')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTask {
      createdBy: WebinyBackgroundTaskIdentity!
      createdOn: DateTime!
      definitionId: String
      eventResponse: JSON
      executionName: String
      finishedOn: DateTime
      id: String!
      input: JSON
      iterations: Number
      logs(limit: Number, sort: [WebinyBackgroundTaskLogListSorter!], where: WebinyBackgroundTaskLogListWhereInput): [WebinyBackgroundTaskLog!]!
      name: String
      output: JSON
      parentId: String
      savedOn: DateTime
      startedOn: DateTime
      taskStatus: String
    }"
  `);
  expect(sdl('WebinyBackgroundTaskLog')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskLog {
      createdBy: WebinyBackgroundTaskIdentity!
      createdOn: DateTime!
      executionName: String
      id: String!
      items: [WebinyTaskLog_Items!]
      iteration: Number
      task: WebinyBackgroundTask!
    }"
  `);
  expect(sdl('WebinyTaskLog_Items')).toMatchInlineSnapshot(`
    "type WebinyTaskLog_Items {
      createdOn: DateTime
      data: JSON
      error: JSON
      message: String
      type: String
    }"
  `);
  expect(sdl('WebinyBackgroundTaskDefinition')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskDefinition {
      description: String
      fields: JSON
      id: String!
      title: String!
    }"
  `);
  expect(sdl('WebinyBackgroundTaskIdentity')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskIdentity {
      displayName: String!
      id: String!
      type: String
    }"
  `);
  expect(sdl('WebinyBackgroundTaskError')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskError {
      code: String
      data: JSON
      message: String
      stack: String
    }"
  `);
  expect(sdl('WebinyBackgroundTaskMeta')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskMeta {
      cursor: String
      hasMoreItems: Boolean!
      totalCount: Int!
    }"
  `);
  expect(sdl('WebinyBackgroundTaskResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskResponse {
      data: WebinyBackgroundTask
      error: WebinyBackgroundTaskError
    }"
  `);
  expect(sdl('WebinyBackgroundTaskTriggerResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskTriggerResponse {
      data: WebinyBackgroundTask
      error: WebinyBackgroundTaskError
    }"
  `);
  expect(sdl('WebinyBackgroundTaskDeleteResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskDeleteResponse {
      data: Boolean
      error: WebinyBackgroundTaskError
    }"
  `);
  expect(sdl('WebinyBackgroundTaskListResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskListResponse {
      data: [WebinyBackgroundTask!]
      error: WebinyBackgroundTaskError
      meta: WebinyBackgroundTaskMeta
    }"
  `);
  expect(sdl('WebinyBackgroundTaskLogListResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskLogListResponse {
      data: [WebinyBackgroundTaskLog!]
      error: WebinyBackgroundTaskError
      meta: WebinyBackgroundTaskMeta
    }"
  `);
  expect(sdl('WebinyBackgroundTaskListDefinitionsResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskListDefinitionsResponse {
      data: [WebinyBackgroundTaskDefinition!]
      error: WebinyBackgroundTaskError
    }"
  `);
  expect(sdl('WebinyBackgroundTaskSettings')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskSettings {
      retentionDays: Int
    }"
  `);
  expect(sdl('WebinyBackgroundTaskSettingsResponse')).toMatchInlineSnapshot(`
    "type WebinyBackgroundTaskSettingsResponse {
      data: WebinyBackgroundTaskSettings
      error: WebinyBackgroundTaskError
    }"
  `);
  expect(sdl('UpdateBackgroundTaskSettingsInput')).toMatchInlineSnapshot(`
    "input UpdateBackgroundTaskSettingsInput {
      retentionDays: Int
    }"
  `);
  expect(String(schema.getQueryType()?.getFields()['backgroundTasks']?.type)).toBe(
    'WebinyBackgroundTaskQuery',
  );
  expect(String(schema.getMutationType()?.getFields()['backgroundTasks']?.type)).toBe(
    'WebinyBackgroundTaskMutation',
  );
});
