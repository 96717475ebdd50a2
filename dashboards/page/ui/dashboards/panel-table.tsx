import type { PanelFrame } from '../../../api.ts';
import { dateAndTime } from '../../core/clock.ts';
import { fieldOf, type Panel, thresholdColour } from '../../core/dashboard.ts';
import { measured } from '../../core/measure.ts';
import { namedColour } from '../../core/palette.ts';
import { timeZone } from '../../state/session.ts';
import { theme } from '../../state/theme.ts';
import { type Column, DataTable } from '../data-table.tsx';
import type { PanelView } from './panel-view.ts';

type Row = PanelFrame['rows'][number];

export const PanelTable = ({ panel, frames }: PanelView) => {
  const frame = frames[0]!;
  const columns = frame.columns.map((column, index) => tableColumn(panel, column, index));
  const wanted = panel.options?.sortBy?.[0];
  const sorted = columns.find(({ id, title }) => id === wanted?.displayName || title === wanted?.displayName);
  return (
    <DataTable
      columns={columns}
      rows={frame.rows}
      rowKey={(_, index) => String(index)}
      caption={panel.title ?? 'Table'}
      sort={sorted === undefined ? undefined : { id: sorted.id, isDescending: wanted?.desc === true }}
    />
  );
};

function tableColumn(
  panel: Panel,
  { name, kind }: PanelFrame['columns'][number],
  index: number,
): Column<Row> {
  const field = fieldOf(panel, name);
  const hasThresholds = (field.thresholds?.steps.length ?? 0) > 1;
  return {
    id: name,
    title: field.displayName ?? name.replaceAll('_', ' '),
    isNumber: kind !== 'text',
    value: (row) => row[index] ?? null,
    cell: (row) => {
      const value = row[index] ?? null;
      if (value === null) return '–';
      if (kind === 'time' && typeof value === 'number') return dateAndTime(value, timeZone.value);
      if (typeof value !== 'number') return value;
      const text = measured(value, field, timeZone.value);
      const colour = hasThresholds ? thresholdColour(field, value) : undefined;
      if (colour === undefined || colour === 'green' || colour === 'text') return text;
      return <strong style={{ color: namedColour(colour, theme.value) }}>{text}</strong>;
    },
  };
}
