/**
 * Names in the order a person expects, R2 before R10. One collator for all: `localeCompare` with options makes
 * another at each comparison, seconds for ten thousand rows.
 */
export const textOrder = new Intl.Collator(undefined, { numeric: true });
