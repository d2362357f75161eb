/** Tables and numbers as text. */

/** Print `rows` under `columns`, the first column to the left and the others to the right. */
export function table(title, columns, rows) {
  const lines = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...lines.map(line => line[column].length)))
  const print = line => {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
    )
    console.log(`  ${cells.join('  ')}`)
  }
  console.log(`\n${title}`)
  print(columns)
  print(widths.map(width => '-'.repeat(width)))
  rows.forEach(print)
}

/** A summary as its median, and the spread behind it. */
export function spread({ median, min, max }, digits = 0) {
  return `${fixed(median, digits)} (${fixed(min, digits)}..${fixed(max, digits)})`
}

/** A number with so many digits after the point, and its thousands apart. */
export function fixed(value, digits) {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
