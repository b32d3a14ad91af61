import pickle, numpy as np, time
from helpers import measure, nets
from helpers.fusion.dilation import soft_dilation, rim
co=pickle.load(open("/tmp/co.pkl","rb"))
tr=[co[k] for k in (0,2,4,8,12)]; te=co[6]
X=[];T=[];Q=[]
for c in tr:
    f=c.raters[0]; keep=np.flatnonzero(f.any((0,1)))[::2]
    X.append(nets.image_slices(c,("FLAIR","T1"))[keep]); T.append(nets.mask_slices(f)[keep]); Q.append(nets.mask_slices(soft_dilation(f,c.images["FLAIR"],spacing=c.spacing))[keep])
X,T,Q=map(np.concatenate,(X,T,Q)); print(X.shape)
for name,t in (("bin",T),("soft",Q)):
    s=time.time(); out=nets.train(X,t,epochs=15,seed=0,device="cpu"); el=time.time()-s
    p=nets.volume(nets.predict(out.model,nets.image_slices(te,("FLAIR","T1"))))
    pt=nets.predict(out.model,X)
    th=nets.best_threshold([pt],[T.astype(np.uint8)])
    b=(p>=th).astype(np.uint8)
    d=lambda P,Qq: 2*(P*Qq).sum()/(P.sum()+Qq.sum())
    print(name,"%.1f s"%el,len(out.history),out.history[-1],"th",th,[round(x,3) for x in (measure.dice(b,te.raters[0]),measure.precision(b,te.raters[0]),measure.recall(b,te.raters[0]))],"soft dice train vs own target %.3f"%d(pt,t), "share P in(.1,.9) %.3f"%(((pt>.1)&(pt<.9)).sum()/(pt>.1).sum()))
