// CommonJS, because Temporal's SDK loads it by `require`, from its path.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Messages and stack traces become a payload, which a codec then encrypts. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
