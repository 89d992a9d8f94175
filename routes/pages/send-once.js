/** A double click sends a form once: the second would cut off the first, which has spent the link already. */

/** So long nothing is sent again, ms. Where another program took over, the person then presses once more, and is told. */
const patienceMs = 15_000;

addEventListener('submit', ({ target }) => {
  for (const button of target.querySelectorAll('button')) button.disabled = true;
  setTimeout(enable, patienceMs);
});

// Browsers may bring a page back as it was left.
addEventListener('pageshow', enable);

function enable() {
  for (const button of document.querySelectorAll('button')) button.disabled = false;
}
