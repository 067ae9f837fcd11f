// Small grey images, cut from a sheet or computed, as canvases.
"use strict";
/* global make */
/* exported sheets, canvasOf, paint */

/** Paints grey values from 0 to 1 on a canvas of as many pixels. */
const paint = (canvas, values) => {
  const context = canvas.getContext("2d");
  const data = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, index) => {
    const shade = Math.round(255 * Math.max(0, Math.min(1, value)));
    data.data.set([shade, shade, shade, 255], 4 * index);
  });
  context.putImageData(data, 0, 0);
};

/** A canvas of an image's pixels, which is shown `zoom` times as large. */
const canvasOf = ([rows, columns], zoom, attributes = {}) =>
  make("canvas", {
    width: columns,
    height: rows,
    class: "pixels",
    style: `width:${columns * zoom}px;height:${rows * zoom}px`,
    ...attributes,
  });

/** The images of a sheet: bytes of each, `[rows * columns]`. */
const sheets = {
  async read({ shape: [rows, columns], across, png }) {
    const picture = new Image();
    picture.src = `data:image/png;base64,${png}`;
    await picture.decode();
    const canvas = make("canvas", { width: picture.width, height: picture.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    return index => {
      const [x, y] = [(index % across) * columns, Math.floor(index / across) * rows];
      const { data } = context.getImageData(x, y, columns, rows);
      return Float32Array.from({ length: rows * columns }, (_, i) => data[4 * i]);
    };
  },
};
