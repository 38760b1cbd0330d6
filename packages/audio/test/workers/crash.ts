// Dies as a codec does that writes where it must not.
process.once('message', () => process.abort());
