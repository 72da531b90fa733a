/* What a test asks of every element that is to be seen. Each function gives the offenders, in words. */
(() => {
  const seen = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !node.closest(".unseen, [aria-hidden=true]");
  const named = (node) => `${node.tagName.toLowerCase()}#${node.id}.${node.className?.baseVal ?? node.className} "${(node.textContent || node.value || "").trim().slice(0, 30)}"`;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);

  function colour(text) {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, alpha: alpha / 255 };
  }

  const over = (front, back) => {
    const mixed = { alpha: 1 };
    for (const part of ["red", "green", "blue"]) mixed[part] = front.alpha * front[part] + (1 - front.alpha) * back[part];
    return mixed;
  };

  function ground(node) {
    const layers = [];
    for (let each = node; each; each = each.parentElement) {
      const found = colour(getComputedStyle(each).backgroundColor);
      if (found.alpha > 0) layers.push(found);
      if (found.alpha === 1) break;
    }
    return layers.reduceRight((back, front) => over(front, back), { red: 255, green: 255, blue: 255, alpha: 1 });
  }

  /** WCAG 2: relative luminance. */
  function luminance({ red, green, blue }) {
    const linear = [red, green, blue].map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  function contrast(node) {
    const back = ground(node);
    const [one, other] = [over(colour(getComputedStyle(node).color), back), back].map(luminance);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  const ownText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());

  window.checks = {
    tooWide: () => (document.documentElement.scrollWidth > innerWidth ? all("body *").filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5).map(named) : []),
    tooSmall: () => all("a[href], button, input, select, summary, label:has(input)").filter((node) => {
      const target = node.matches("label input") ? node.closest("label") : node;
      const area = target.getBoundingClientRect();
      return node.getBoundingClientRect().bottom > 0 && (area.width < 43.5 || area.height < 43.5);
    }).map((node) => `${named(node)} ${node.getBoundingClientRect().width} x ${node.getBoundingClientRect().height}`),
    lowContrast: () => all("body *").filter((node) => ownText(node) && contrast(node) < 4.5).map((node) => `${named(node)} ${contrast(node).toFixed(2)}`),
    unnamed: () => all("a[href], button, input, select, summary, [tabindex='0']").filter((node) => {
      const labels = [node.getAttribute("aria-label"), node.getAttribute("aria-labelledby"), node.textContent, ...[...(node.labels ?? [])].map((label) => label.textContent)];
      return !labels.some((text) => text?.trim());
    }).map(named),
    duplicateIds: () => {
      const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
      return ids.filter((id, place) => ids.indexOf(id) !== place);
    },
  };
})();
