import Type from 'typebox';

/** An identifier in a path. */
export const Id = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 });

/** What a list of things with a beginning and an end takes. */
export const Listing = Type.Object({
  open: Type.Optional(Type.Boolean({ description: 'only those not settled yet' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 500 })),
});

export const Limited = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
});
