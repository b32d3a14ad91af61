"""A slider over still pictures: plain HTML, so it moves on the page, in JupyterLab and in Colab, with no kernel."""

import base64
import html
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.figure import Figure
from PIL import Image

# Everything happens inside the <figure> that holds the slider, so any number of sliders share a page.
_SHOW = ("var f=this.closest('figure'),m=f.querySelectorAll('img'),k=+this.value;"
         "m.forEach(function(e,i){e.hidden=i!==k});"
         "f.querySelector('output').textContent=m[k].dataset.label;this.setAttribute('aria-valuetext',m[k].dataset.label)")
_PLAY = ("var b=this,r=b.closest('figure').querySelector('input');"
         "function go(){r.value=(+r.value+1)%(+r.max+1);r.oninput()}"
         "if(b.timer){clearInterval(b.timer);b.timer=0}else{go();b.timer=setInterval(go,900)}"
         "b.textContent=b.timer?'Pause':'Play';b.setAttribute('aria-pressed',!!b.timer)")


def frames(figures: Sequence[Figure], labels: Sequence[str], *, title: str, ident: str, alt: str,
           start: int = 0) -> HTML:
    """Show one figure per label under a slider and a play button. The figures are closed.

    `ident` names the slider; keep it fixed and unique in a notebook, so that running again changes nothing.
    `alt` says in words what the frames show; each frame's label is added to it.
    """
    if len(figures) != len(labels) or len(figures) < 2:
        raise ValueError(f"frames has {len(figures)} figures and {len(labels)} labels, expected as many, at least 2")
    if not 0 <= start < len(figures):
        raise ValueError(f"start is {start}, expected the number of a frame, 0 to {len(figures) - 1}")
    quoted = [html.escape(str(label), quote=True) for label in labels]
    ident, title, alt = (html.escape(text, quote=True) for text in (ident, title, alt))
    ident = f"frames-{ident}"                   # a heading of the chapter may bear the same name
    pictures = "".join(
        f'<img{"" if k == start else " hidden"} data-label="{label}" alt="{alt}: {label}" '
        f'src="data:image/png;base64,{base64.b64encode(_png(figure)).decode()}">'
        for k, (figure, label) in enumerate(zip(figures, quoted, strict=True)))
    return HTML(
        f'<figure class="frames" id="{ident}" style="margin:0"><div class="frames-bar">'
        f'<button type="button" aria-pressed="false" onclick="{_PLAY}">Play</button> '
        f'<label for="{ident}-range">{title}: <output for="{ident}-range">{quoted[start]}</output></label></div>'
        f'<input id="{ident}-range" type="range" min="0" max="{len(labels) - 1}" step="1" value="{start}" '
        f'aria-valuetext="{quoted[start]}" style="width:100%" onkeydown="event.stopPropagation()" oninput="{_SHOW}">'
        f'<div>{pictures}</div></figure>')


def _png(figure: Figure) -> bytes:
    """A figure as a PNG of at most 128 colours: a third of the bytes, the same to the eye."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    plt.close(figure)
    small = io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()
