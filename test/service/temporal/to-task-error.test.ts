import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { TaskError } from '../../../src/contract/task-error.ts';
import { isNeverSent } from '../../../src/service/temporal/grpc.ts';
import { toTaskError } from '../../../src/service/temporal/to-task-error.ts';
import { GrpcCode } from '../../../src/tools/grpc-code.ts';
import { grpcError } from '../../support/grpc-error.ts';

test.each([
  [GrpcCode.NotFound, 'workflow not found for ID: a-1', 'TASK_RUN_NOT_FOUND'],
  [GrpcCode.NotFound, 'workflow execution already completed', 'TASK_RUN_NOT_FOUND'],
  [GrpcCode.Unavailable, 'No connection established. Last error: ECONNREFUSED', 'UNAVAILABLE'],
  [GrpcCode.Internal, 'Received RST_STREAM with code 2', 'UNAVAILABLE'],
  [GrpcCode.DeadlineExceeded, 'Deadline exceeded', 'TIMEOUT'],
  [GrpcCode.ResourceExhausted, 'namespace rate limit exceeded', 'RATE_LIMITED'],
  [GrpcCode.ResourceExhausted, 'Received message larger than max (5 vs 4)', 'PAYLOAD_TOO_LARGE'],
  [
    GrpcCode.ResourceExhausted,
    'grpc: received message larger than max (5 vs. 4)',
    'PAYLOAD_TOO_LARGE',
  ],
  [GrpcCode.InvalidArgument, 'Blob data size exceeds limit.', 'PAYLOAD_TOO_LARGE'],
  [GrpcCode.InvalidArgument, 'Memo size exceeds limit.', 'PAYLOAD_TOO_LARGE'],
  [
    GrpcCode.InvalidArgument,
    'BadScheduleActivityAttributes: Blob data size exceeds limit.',
    'PAYLOAD_TOO_LARGE',
  ],
])('gRPC %i "%s" is %s', (code, details, meaning) => {
  expect(toTaskError(grpcError(code, details), 'a-1')).toMatchObject({ code: meaning });
});

test.each([
  [GrpcCode.NotFound, 'workflow not found for ID: my-namespace-1', 'TASK_RUN_NOT_FOUND'],
  [GrpcCode.NotFound, 'workflow not found for ID: Namespace a is not found.', 'TASK_RUN_NOT_FOUND'],
])('what an id says changes no meaning: %i "%s"', (code, details, meaning) => {
  const error = grpcError(code, details, 'NotFoundFailure');
  expect(toTaskError(error, 'a-1')).toMatchObject({ code: meaning });
});

test('a refusal that Temporal counts is one, whatever it repeats', () => {
  const error = grpcError(
    GrpcCode.ResourceExhausted,
    'received message larger than max: a namespace of this name',
    'ResourceExhaustedFailure',
  );
  expect(toTaskError(error)).toMatchObject({ code: 'RATE_LIMITED' });
});

test('a run that is not there is named', () => {
  const error = toTaskError(grpcError(GrpcCode.NotFound, 'workflow execution not found'), 'a-1');
  expect(error).toMatchObject({
    message: 'There is no task run "a-1".',
    details: { runId: 'a-1' },
  });
});

test('errors of the typed client have the same meaning', () => {
  expect(toTaskError(new WorkflowNotFoundError('gone', 'a-1', undefined))).toMatchObject({
    code: 'TASK_RUN_NOT_FOUND',
  });
  const cause = grpcError(GrpcCode.Unavailable, 'read ECONNRESET');
  expect(toTaskError(new ServiceError('Failed to start Workflow', { cause }))).toMatchObject({
    code: 'UNAVAILABLE',
  });
});

test.each([
  ['another kind of error', new RangeError('bug')],
  [
    'a namespace that is not there',
    grpcError(GrpcCode.NotFound, 'Namespace x is not found.', 'NamespaceNotFoundFailure'),
  ],
  [
    'a mistake that repeats words about size',
    grpcError(GrpcCode.InvalidArgument, 'invalid value: "too large, it exceeds the limit"'),
  ],
  ['a bug', grpcError(GrpcCode.Internal, 'panic in workflow RST_STREAM-1')],
  [
    'a search attribute that is not there',
    grpcError(GrpcCode.InvalidArgument, 'Namespace default has no mapping defined'),
  ],
  ['refused credentials', grpcError(GrpcCode.PermissionDenied, 'Request unauthorized.')],
  ['one that has its meaning', new TaskError('FORBIDDEN', 'no')],
])('%s passes untouched', (_, error) => {
  expect(toTaskError(error, 'a-1')).toBe(error);
});

test('only a request that never left is known to have had no effect', () => {
  const refused = 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1';
  expect(isNeverSent(grpcError(GrpcCode.Unavailable, refused))).toBe(true);
  expect(isNeverSent(grpcError(GrpcCode.Unavailable, 'read ECONNRESET'))).toBe(false);
  expect(isNeverSent(grpcError(GrpcCode.DeadlineExceeded, 'Deadline exceeded'))).toBe(false);
});
