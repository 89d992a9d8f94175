/** A double click sends a form once: the second would cut off the first, which has spent the link already. */

addEventListener('submit', ({ target }) => {
  for (const button of target.querySelectorAll('button')) button.disabled = true;
});

// Browsers may bring a page back as it was left.
addEventListener('pageshow', () => {
  for (const button of document.querySelectorAll('button')) button.disabled = false;
});
