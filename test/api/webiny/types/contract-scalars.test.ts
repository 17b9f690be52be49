import { expect, test } from 'vitest';
import { testGateway } from '../../support/app.ts';

const { post, service } = await testGateway();
await service.trigger({ definition: 'testingRun', input: {} });
const NUMBER = `query ($n: Number) {
  backgroundTasks { listTasks(where: { iterations: $n }) { data { iterations } error { code } } }
}`;
const AFTER = `query ($t: DateTime) {
  backgroundTasks { listTasks(where: { createdOn_gt: $t }) { data { createdOn } error { code } } }
}`;

test.each([0, '0', '0.0', ' 0'])('Number takes %j', async (n) => {
  expect((await post(NUMBER, { n })).body).toEqual({
    data: { backgroundTasks: { listTasks: { data: [{ iterations: 0 }], error: null } } },
  });
});

test.each([
  ['0x10', 'Value sent must be a non-hex number.'],
  ['x', 'Value sent must be a number.'],
  [true, 'Value sent must be a number.'],
])('Number refuses %j', async (n, message) => {
  const { errors } = (await post(NUMBER, { n })).body;
  expect(errors[0].message).toContain(message);
  expect(errors[0].extensions).toEqual({ code: 'INVALID_VALUE' });
});

test.each(['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.123456+02:00'])(
  'DateTime takes %j',
  async (t) => {
    expect((await post(AFTER, { t })).body).toEqual({
      data: {
        backgroundTasks: {
          listTasks: {
            data: [{ createdOn: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) }],
            error: null,
          },
        },
      },
    });
  },
);

test.each(['2024-01-01', '2024-01-01T00:00:00', 1_700_000_000, '2024-02-30T00:00:00Z'])(
  'DateTime refuses %j',
  async (t) => {
    expect((await post(AFTER, { t })).body).toMatchObject({
      errors: [{ message: expect.stringContaining('RFC 3339') }],
    });
  },
);
