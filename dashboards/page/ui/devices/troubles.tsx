import type { DeviceTrouble } from '../../../api-devices.ts';

type Words = { readonly word: string; readonly help: string; readonly isBad: boolean };

/** What a device can be in trouble with, the gravest first. */
export const troubleWords: Readonly<Record<DeviceTrouble, Words>> = {
  rejected: { word: 'Rejected', help: 'Something was no fix within a day', isBad: true },
  missing: {
    word: 'Missing',
    help: 'Gaps in its numbering: fixes that were made and never came',
    isBad: true,
  },
  clock: { word: 'Clock', help: 'Its clock is more than a minute from ours', isBad: true },
  silent: { word: 'Silent', help: 'Not heard for fifteen minutes', isBad: false },
  filtered: { word: 'Filtered', help: 'One fix in twenty or more is stored and not used', isBad: false },
  never: { word: 'Never heard', help: 'Nothing of it was ever stored', isBad: false },
  closed: { word: 'Revoked', help: 'Its credential was taken back', isBad: false },
};

export const troubleOrder = Object.keys(troubleWords) as DeviceTrouble[];

export const Troubles = ({ troubles }: { troubles: readonly DeviceTrouble[] }) =>
  troubles.length === 0 ? (
    <span class="good-text">well</span>
  ) : (
    <span class="troubles">
      {troubleOrder
        .filter((trouble) => troubles.includes(trouble))
        .map((trouble) => (
          <span
            key={trouble}
            class={troubleWords[trouble].isBad ? 'tag tag-bad' : 'tag'}
            title={troubleWords[trouble].help}
          >
            {troubleWords[trouble].word}
          </span>
        ))}
    </span>
  );

/** A clock's deviation in words: ahead, behind, or right. */
export function skewText(skew: number | null): string {
  if (skew === null) return '–';
  if (Math.abs(skew) < 2) return 'right';
  const size = Math.abs(skew);
  const amount =
    size < 120
      ? `${Math.round(size)} s`
      : size < 7200
        ? `${Math.round(size / 60)} min`
        : `${Math.round(size / 3600)} h`;
  return `${amount} ${skew < 0 ? 'ahead' : 'behind'}`;
}
